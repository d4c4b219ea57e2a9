local errors = require "moontide.error"

describe("an error object", function()
    it("reads well as text", function()
        local cause = errors.new { message = "connection refused", code = "IO" }
        local err = errors.new {
            message = "can't open topic 'x'", code = "IO", where = "job.lua:3",
            operator = "Source: t", option = "topic", record = "offset 5: {", cause = cause,
        }
        assert.equal([[
job.lua:3: can't open topic 'x'
  operator: Source: t
  option: topic
  record: offset 5: {
  cause: connection refused]], tostring(err))
        assert.equal("failed: connection refused", "failed: " .. cause)
        assert.is_true(errors.is(err))
        assert.is_false(errors.is "text")
        assert.is_false(errors.is { message = "m", code = "IO" })
    end)

    it("knows the line of the script that misused something", function()
        local ok, err = pcall(function()
            errors.raise("OPTION", "unknown option '%s'", "x")
        end)
        assert.is_false(ok)
        assert.equal("OPTION", err.code)
        assert.equal("unknown option 'x'", err.message)
        assert.matches("error_spec.lua:%d+$", err.where)
    end)

    it("says what isn't supported yet", function()
        local _, err = pcall(errors.unsupported, "DataStream.window_all")
        assert.equal("UNSUPPORTED", err.code)
        assert.equal("not supported yet: DataStream.window_all", err.message)
    end)
end)

describe("errors.nearest", function()
    it("finds what was meant", function()
        local known = { "map", "flat_map", "filter", "key_by", "print" }
        assert.equal("filter", errors.nearest("fliter", known))
        assert.equal("flat_map", errors.nearest("flatmap", known))
        assert.equal("map", errors.nearest("mapp", known))
        assert.equal("key_by", errors.nearest("keyBy", known))
        assert.is_nil(errors.nearest("window", known))
    end)
end)
