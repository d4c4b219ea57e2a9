local Configuration = require "moontide.common.configuration"
local Duration = require "moontide.common.duration"

local function message(f, ...)
    local ok, err = pcall(f, ...)
    assert.is_false(ok)
    return err.message
end

describe("Configuration", function()
    it("keeps values as text and converts on the way out", function()
        local conf = Configuration()
        conf:set_string("s", "x"):set_integer("i", 5):set_boolean("b", false):set_float("f", 0.5)
            :set_bytearray("y", "\0\1")
        assert.equal("x", conf:get_string("s"))
        assert.equal(5, conf:get_integer "i")
        assert.equal("5", conf:get_string "i")
        assert.is_false(conf:get_boolean("b", true))
        assert.equal(0.5, conf:get_float "f")
        assert.equal("\0\1", conf:get_bytearray "y")
        assert.same({ "b", "f", "i", "s", "y" }, conf:key_set())
    end)

    it("answers the default for what isn't set", function()
        local conf = Configuration()
        assert.equal("d", conf:get_string("x", "d"))
        assert.is_nil(conf:get_integer "x")
        assert.is_false(conf:contains_key "x")
        assert.is_false(conf:remove_config "x")
    end)

    it("is made from another or from a table, without sharing", function()
        local first = Configuration { ["parallelism.default"] = 2, ["pipeline.name"] = "n" }
        local second = Configuration(first)
        assert.is_true(first == second)
        second:set_integer("parallelism.default", 3)
        assert.equal(2, first:get_integer "parallelism.default")
        assert.is_false(first == second)
        assert.is_true(second:remove_config "parallelism.default")
        assert.same({ ["pipeline.name"] = "n" }, second:to_dict())
    end)

    it("adds another's entries, with a prefix if told so", function()
        local target = { z = "1" }
        Configuration():add_all(Configuration { a = 1 }, "x."):add_all_to_dict(target)
        assert.same({ z = "1", ["x.a"] = "1" }, target)
    end)

    it("says which value doesn't fit", function()
        local conf = Configuration { n = "many" }
        assert.matches("setting 'n' must be a whole number, is 'many'",
            message(conf.get_integer, conf, "n"))
        assert.matches("must be true or false", message(conf.get_boolean, conf, "n"))
        assert.equal("bad argument #2 to 'set_integer' (number expected, got string)",
            message(conf.set_integer, conf, "n", "5"))
        assert.equal("bad argument #1 to 'set_string' (string expected, got nil)",
            message(conf.set_string, conf))
    end)

    it("hides secrets when it is printed", function()
        local conf = Configuration { ["a.password"] = "hush", b = 1 }
        assert.equal("{a.password=******, b=1}", tostring(conf))
    end)
end)

describe("Duration", function()
    it("reads the units of options", function()
        local expected = {
            ["5"] = 5, ["5 ms"] = 5, ["5s"] = 5000, ["2 min"] = 120000, ["1 h"] = 3600000,
            ["1 d"] = 86400000, ["1 DAY"] = 86400000, ["-1"] = -1, ["1500 us"] = 1.5,
        }
        for text, millis in pairs(expected) do
            assert.equal(millis, Duration.parse_millis(text))
        end
        assert.is_nil(Duration.parse_millis "5 fortnights")
        assert.is_nil(Duration.parse_millis "soon")
        assert.matches("'soon' is not a duration", message(Duration.parse, "soon"))
    end)

    it("is made by unit, prints, compares and adds", function()
        assert.equal(5000, Duration.of_seconds(5):to_millis())
        assert.equal("5 s", tostring(Duration.of_seconds(5)))
        assert.equal("36 h", tostring(Duration.of_hours(36)))
        assert.equal("10 ns", tostring(Duration.of_nanos(10)))
        assert.is_true(Duration.of_minutes(1) == Duration.of_seconds(60))
        assert.is_true(Duration.of_millis(1) < Duration.of_days(1))
        assert.equal("90 s", tostring(Duration.of_minutes(1) + Duration.of_seconds(30)))
        assert.equal(500, Duration.millis_of "500 ms")
        assert.equal(500, Duration.millis_of(500))
        assert.equal("bad argument #1 to 'of_days' (number expected, got string)",
            message(Duration.of_days, "1"))
    end)
end)
