-- What README.md shows runs as it stands there.
local process = require "process"

local README = process.read "README.md"

-- The blocks of that language, each with the fenced text right after it where
-- that is its output (```text).
local function blocks(language)
    local found, at = {}, 1
    while true do
        local from, to, code = README:find("\n```" .. language .. "\n(.-)\n```\n", at)
        if not from then
            return found
        end
        local output = README:match("^%s*```text\n(.-)\n```\n", to)
        found[#found + 1] = { code = code, output = output }
        at = to
    end
end

-- A job that runs for ever, on brokers that only its owner has, is run by
-- examples/demo.lua on the embedded broker instead.
local function endless(code)
    return code:find("kafka:9092", 1, true) ~= nil
end

describe("README.md", function()
    for i, block in ipairs(blocks "lua") do
        if not endless(block.code) then
            it(("runs its Lua block %d"):format(i), function()
                local path = process.write(os.tmpname(), block.code .. "\n")
                local result = process.run_script(path)
                os.remove(path)
                assert.equal("", result.err)
                assert.equal(0, result.status)
                if block.output then
                    assert.equal(block.output .. "\n", result.out)
                end
            end)
        end
    end

    it("shows the job that `make run` runs", function()
        local shown = blocks "lua"[1].code:gsub("kafka:9092", "embedded")
        local run = process.read "examples/front_page.lua"
        assert.equal(shown .. "\n", run:match "local moontide.*")
    end)

    it("names both commands on its first screen", function()
        local screen = README:sub(1, 2500)
        assert.truthy(screen:find("make run", 1, true))
        assert.truthy(screen:find("make test", 1, true))
    end)

    it("links only to files that are there", function()
        for target in README:gmatch "%]%(([^)#:]+)%)" do
            assert.equal(0, process.run("test -e " .. target).status, target)
        end
    end)
end)
