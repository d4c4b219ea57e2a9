-- The pages of docs/: their SQL is SQL, their links lead somewhere.
local moontide = require "moontide"
local process = require "process"

local PAGES = process.list "ls docs/*.md docs/*/*.md bench/README.md CONTRIBUTING.md CHANGELOG.md"

describe("the page", function()
    for _, path in ipairs(PAGES) do
        local text = process.read(path)

        if path:match "^docs/connectors/" or path:match "^docs/formats/" then
            it(path .. " declares a table as its text says", function()
                local t_env = moontide.TableEnvironment.create(
                    moontide.EnvironmentSettings.in_streaming_mode())
                local statements = 0
                for statement in text:gmatch "\n```sql\n(.-)\n```" do
                    t_env:execute_sql(statement)
                    statements = statements + 1
                end
                assert.is_true(statements > 0)
            end)
        end

        it(path .. " links only to files that are there", function()
            local folder = path:match "^(.*/)" or ""
            for target in text:gmatch "%]%(([^)#:]+)%)" do
                assert.equal(0, process.run("test -e " .. folder .. target).status, target)
            end
        end)
    end
end)
