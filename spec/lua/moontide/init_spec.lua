local exports = require "moontide.exports"
local moontide = require "moontide"

local function message(f)
    local ok, err = pcall(f)
    assert.is_false(ok)
    return err.message
end

describe("moontide", function()
    it("gives every name that it exports", function()
        for _, package_name in ipairs { "common", "datastream" } do
            for name, entry in pairs(exports[package_name]) do
                local value = moontide[name]
                assert.is_truthy(value, name)
                assert.equal(value, entry == "later" and moontide[name]
                    or moontide[package_name][name])
            end
        end
    end)

    it("says which names a later release brings", function()
        assert.equal("not supported yet: HybridSource", message(function()
            return moontide.HybridSource.builder()
        end))
        assert.equal("not supported yet: ListStateDescriptor", message(function()
            return moontide.ListStateDescriptor("late")
        end))
    end)

    it("answers a misspelt name with the nearest", function()
        assert.equal("moontide.common has no 'Tpyes', did you mean 'Types'?", message(function()
            return moontide.common.Tpyes
        end))
        assert.matches("moontide has no 'StreamExecutionEnviroment', did you mean "
            .. "'StreamExecutionEnvironment'", message(function()
            return moontide.StreamExecutionEnviroment
        end))
    end)

    it("has cjson's null", function()
        assert.equal(require("cjson").null, moontide.null)
    end)

    it("tells the engine's version", function()
        assert.equal(require("moontide.core").version, moontide.version)
    end)

    it("loads next to nothing before a name is read", function()
        local script = [[
            local t = os.clock()
            require "moontide"
            local ms = (os.clock() - t) * 1000
            for name in pairs(package.loaded) do
                assert(not name:find "^moontide%.datastream", name)
            end
            io.write(("%.3f"):format(ms))]]
        local pipe = io.popen(("luajit -e '%s' 2>&1"):format(script))
        local ms = pipe:read "*a"
        pipe:close()
        assert.is_true((tonumber(ms) or math.huge) < 3, ms)
    end)
end)
