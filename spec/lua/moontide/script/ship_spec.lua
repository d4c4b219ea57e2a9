local ffi = require "ffi"
local null = require "moontide.null"
local ship = require "moontide.script.ship"

local function travel(value)
    return ship.unpack(ship.pack(value, "the value"))
end

describe("shipping", function()
    it("carries plain values", function()
        local out = travel { 1, "two", true, [null] = 5, nested = { x = null } }
        assert.same({ 1, "two", true, [null] = 5, nested = { x = null } }, out)
    end)

    it("carries 64-bit integers exactly", function()
        local out = travel { 9007199254740993LL, 18446744073709551615ULL }
        assert.is_true(ffi.istype("int64_t", out[1]))
        assert.equal("9007199254740993LL", tostring(out[1]))
        assert.equal("18446744073709551615ULL", tostring(out[2]))
    end)

    it("carries tables that contain themselves, with shared parts shared", function()
        local shared = { 1 }
        local t = { a = shared, b = shared }
        t.self = t
        local out = travel(t)
        assert.equal(out, out.self)
        assert.equal(out.a, out.b)
        assert.not_equal(shared, out.a)
    end)

    it("carries metatables", function()
        local Point = {}
        Point.__index = Point
        function Point:sum() return self.x + self.y end
        local out = travel(setmetatable({ x = 1, y = 2 }, Point))
        assert.equal(3, out:sum())
    end)

    it("carries functions with their upvalues, and upvalues that are shared", function()
        local n = 0
        local function inc() n = n + 1 return n end
        local function get() return n end
        local out = travel { inc, get }
        out[1]()
        out[1]()
        assert.equal(2, out[2]())
        assert.equal(0, n)
    end)

    it("carries functions that call themselves", function()
        local function fib(k) return k < 2 and k or fib(k - 1) + fib(k - 2) end
        assert.equal(55, travel(fib)(10))
    end)

    it("lets modules, and what is reached through them, go by name", function()
        local insert, moontide_null = table.insert, null
        local out = travel(function(t)
            insert(t, moontide_null)
            return t, insert
        end)
        local t, same = out {}
        assert.equal(null, t[1])
        assert.equal(table.insert, same)
    end)

    it("carries the globals that the script set and the function names", function()
        _G.spec_rate = 3
        local packed = ship.pack(function(x) return x * spec_rate end, "f") -- luacheck: ignore
        _G.spec_rate = nil
        local f = ship.unpack(packed)
        assert.equal(6, f(2))
        assert.equal(3, _G.spec_rate)
        _G.spec_rate = nil
    end)

    it("carries globals of inner functions too", function()
        _G.spec_inner = { 1, 2 }
        local packed = ship.pack(function()
            return (function() return #spec_inner end)() -- luacheck: ignore
        end, "f")
        _G.spec_inner = nil
        assert.equal(2, ship.unpack(packed)())
        _G.spec_inner = nil
    end)

    it("carries what a function with an environment of its own sees", function()
        local f = setfenv(function() return rate * 2 end, { rate = 4 }) -- luacheck: ignore
        local packed = ship.pack(f, "f")
        assert.equal(8, ship.unpack(packed)())
        _G.rate = nil
    end)

    it("refuses what can't travel, naming upvalue and line", function()
        local handle = io.stdout
        local ok, err = pcall(ship.pack, function() return handle end, "Map")
        assert.is_false(ok)
        assert.matches("upvalue 'handle' of the function defined at .*ship_spec.lua:%d+",
            err.message)
        assert.matches("open%(%)", err.message)
    end)

    it("refuses a function object's field, naming a method and its line", function()
        local chain = require "moontide.script.chain"
        for _, object in ipairs {
            { map = function(_, x) return x end, db = { conn = io.stdout } },
            setmetatable({ db = { conn = io.stdout } }, {
                __index = { map = function(_, x) return x end },
            }),
        } do
            local ok, err = pcall(chain.payload, { input = "INT", output = "INT",
                steps = { { op = "map", fn = object, type = "INT", name = "Map" } } })
            assert.is_false(ok)
            assert.matches("^field 'db.conn' of the function object whose map%(%) is defined at "
                .. ".*ship_spec.lua:%d+ holds a userdata", err.message)
            assert.matches("ship_spec.lua:%d+", err.where)
        end
    end)

    it("refuses a coroutine inside a captured table, naming the way to it", function()
        local state = { deep = { co = coroutine.create(function() end) } }
        local ok, err = pcall(ship.pack, function() return state end, "Map")
        assert.is_false(ok)
        assert.matches("upvalue 'state'.deep.co", err.message, 1, true)
    end)

    it("brings any value of plain tables back as it was", function()
        local seed = os.time()
        math.randomseed(seed)
        local function random(depth)
            local kind = math.random(depth > 3 and 4 or 5)
            if kind == 1 then
                return math.random(-1e9, 1e9)
            elseif kind == 2 then
                return tostring(math.random(1e9))
            elseif kind == 3 then
                return math.random() < 0.5
            elseif kind == 4 then
                return math.random()
            end
            local t = {}
            for _ = 1, math.random(0, 5) do
                t[math.random() < 0.5 and #t + 1 or "k" .. math.random(20)] = random(depth + 1)
            end
            return t
        end
        for _ = 1, 200 do
            local value = random(0)
            assert.same(value, travel(value), "seed " .. seed)
        end
    end)
end)
