--- Untyped values between tasks.
local ffi = require "ffi"
local moontide = require "moontide"
local process = require "process"
local untyped = require "moontide.script.untyped"

local function travel(value)
    return untyped.decode(untyped.encode(value))
end

local function message(value)
    local ok, err = pcall(untyped.encode, value)
    assert.is_false(ok)
    return err
end

describe("an untyped value between tasks", function()
    local folder, path = nil, package.path

    setup(function()
        folder = os.tmpname()
        os.remove(folder)
        os.execute("mkdir " .. folder)
        process.write(folder .. "/spec_point.lua", [[
            local Point = {}
            Point.__index = Point
            Point.__eq = function(a, b) return a.x == b.x end
            function Point.new(x) return setmetatable({ x = x }, Point) end
            function Point:doubled() return Point.new(self.x * 2) end
            local Path = { __len = function(p) return p.n end, __metatable = "closed" }
            return { Point = Point, shapes = { Path = Path } }
        ]])
        package.path = folder .. "/?.lua;" .. path
    end)

    teardown(function()
        package.path = path
        package.loaded.spec_point = nil
        os.execute("rm -r " .. folder)
    end)

    it("keeps the class that a module gives", function()
        local shapes = require "spec_point"
        local point = travel(shapes.Point.new(4))
        assert.equal(shapes.Point, getmetatable(point))
        assert.equal(8, point:doubled().x)
        local line = travel { from = point, to = { shapes.Point.new(5) } }
        assert.equal(10, line.to[1]:doubled().x)
        local closed = travel(setmetatable({ n = 3 }, shapes.shapes.Path))
        assert.equal("closed", getmetatable(closed))
        assert.equal(3, #closed == 0 and closed.n or #closed)
    end)

    it("is an object in every task of a job", function()
        local env = moontide.StreamExecutionEnvironment.get_execution_environment()
        env:set_parallelism(2)
        local sum = 0
        local ds = env:from_collection { 1, 2, 3 }
            :map(function(x) return require("spec_point").Point.new(x) end)
            :rebalance():map(function(p) return p:doubled() end)
        for point in ds:execute_and_collect() do
            sum = sum + point:doubled().x
        end
        assert.equal(24, sum)
    end)

    it("is refused where its class is the script's own", function()
        local Local = setmetatable({}, { __call = function() end })
        assert.matches("no module gives can't travel between tasks .*: {x=1}; put its metatable",
            message(setmetatable({ x = 1 }, { __index = Local })))
        assert.matches("no module gives", message { 1, { deep = setmetatable({}, Local) } })
    end)

    it("is refused where it is no data", function()
        for what, value in pairs {
            ["function"] = print, thread = coroutine.create(print), userdata = io.stdout,
            cdata = ffi.new "struct { int a; }",
        } do
            assert.equal(("a %s can't travel between tasks in an untyped stream"):format(what),
                message(value))
            assert.equal(("a %s can't travel between tasks in an untyped stream"):format(what),
                message { deep = { value } })
        end
    end)
end)
