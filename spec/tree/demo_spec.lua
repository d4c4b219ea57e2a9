-- What `make run` shows.
local process = require "process"

describe("make run", function()
    it("moves records through the front-page job and ends by itself", function()
        local result = process.run_script("examples/demo.lua", "", 30)
        assert.equal("", result.err)
        assert.equal(0, result.status)
        local into, out = {}, {}
        for _, line in ipairs(process.lines(result.out)) do
            into[#into + 1] = line:match '^in   {"a":"(.-)","b":%d+}$'
            out[#out + 1] = line:match '^out  {"a":"(.-)"}$'
        end
        assert.is_true(#into >= 5)
        table.sort(into)
        table.sort(out)
        assert.same(into, out)
    end)
end)
