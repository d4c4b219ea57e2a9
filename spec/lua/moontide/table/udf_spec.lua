local moontide = require "moontide"
local DataTypes, udf, udtf = moontide.DataTypes, moontide.udf, moontide.udtf

describe("functions of users", function()
    local function identity(x)
        return x
    end

    it("are described by position or by keyword alike", function()
        for _, f in ipairs {
            udf(identity, DataTypes.INT(), DataTypes.BIGINT(), false, "same"),
            udf(identity, { input_types = "INT", result_type = "BIGINT", deterministic = false,
                name = "same" }),
            udf { input_types = { DataTypes.INT() }, result_type = "BIGINT",
                deterministic = false, name = "same" }(identity),
        } do
            assert.same({ "scalar", "same", "INT", 1, "BIGINT", false },
                { f.kind, f.name, tostring(f.input_types[1]), #f.input_types,
                    tostring(f.result_type), f.deterministic })
            assert.equal(identity, f.fn)
        end
    end)

    it("may be objects with eval, and say themselves whether they are deterministic", function()
        local object = moontide.ScalarFunction {
            eval = function(_, x) return x end,
            is_deterministic = function() return false end,
        }
        local f = udf(object, { result_type = "INT" })
        assert.equal(object, f.fn)
        assert.is_false(f.deterministic)
        assert.is_true(udf(identity, { result_type = "INT" }).deterministic)
    end)

    it("give rows of named columns when they are table functions", function()
        assert.equal("ROW<`f0` VARCHAR(2147483647), `f1` INT>",
            tostring(udtf(identity, { result_types = { "STRING", "INT" } }).result_type))
        assert.equal("ROW<`word` VARCHAR(2147483647)>",
            tostring(udtf(identity, { result_types = "ROW<word STRING>" }).result_type))
    end)

    it("make calls of expressions, by themselves and by call()", function()
        local f = udf(identity, { result_type = "INT", name = "same" })
        assert.equal("SAME(`a`, 1)", tostring(f(moontide.col "a", 1)))
        assert.equal("SAME(`a`)", tostring(moontide.call(f, moontide.col "a")))
    end)

    it("refuse what is no function, lacks its type, or is for pandas", function()
        for message, attempt in pairs {
            ["bad argument #1 to 'udf' %(a function"] = function()
                udf(1, { result_type = "INT" })
            end,
            ["udf needs the type of what the function gives"] = function() udf(identity) end,
            ["not supported yet: pandas functions"] = function()
                udf(identity, { result_type = "INT", func_type = "pandas" })
            end,
            ["did you mean 'result_type'"] = function()
                udf(identity, { result_tipe = "INT" })
            end,
        } do
            local ok, err = pcall(attempt)
            assert.is_false(ok)
            assert.matches(message, tostring(err))
        end
    end)

    it("are found by the name of the module that has them", function()
        package.preload["my_functions"] = function()
            return { same = udf(identity, { result_type = "INT", name = "same" }), other = 1 }
        end
        local load = require("moontide.table.udf").load
        assert.equal("same", load("my_functions.same", "s").name)
        assert.has_error(function() load("my_functions.other", "s") end)
        assert.has_error(function() load("no_such_module.f", "s") end)
        package.preload["my_functions"] = nil
    end)
end)
