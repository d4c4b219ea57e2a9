-- docs/sql.md is true: its statements run, in order, and what it calls later
-- is refused as that.
local keywords = require "moontide.sql.keywords"
local moontide = require "moontide"

local function read_page()
    local file = assert(io.open "docs/sql.md")
    local page = file:read "*a"
    file:close()
    return page
end

local page = read_page()

-- The statements of a part of the page: those in its sql blocks, between blank
-- lines.
local function statements(part)
    local list = {}
    for block in part:gmatch "```sql\n(.-)```" do
        for statement in (block .. "\n"):gmatch "(.-;)\n\n" do
            list[#list + 1] = statement
        end
    end
    return list
end

describe("docs/sql.md", function()
    local now, later = page:match "^(.*)\n## Errors\n(.*)$"
    local t_env = moontide.TableEnvironment.create()

    local function run(text)
        local result = t_env:execute_sql(text)
        result:wait()
        for _ in result:collect() do -- luacheck: ignore 542
            -- A query's job ends when its rows have been taken.
        end
    end

    it("has statements", function()
        assert.is_true(#statements(now) > 50)
        assert.is_true(#statements(later) > 10)
    end)

    it("shows statements that run", function()
        t_env.env:set_parallelism(1)
        for _, text in ipairs(statements(now)) do
            -- What the end of the page needs stays.
            local ok, err = pcall(run, text)
            assert(ok, text .. "\n" .. tostring(err))
        end
    end)

    it("shows statements that a later version runs", function()
        for _, text in ipairs(statements(later)) do
            local ok, err = pcall(run, text)
            assert.is_false(ok, text)
            assert.equal("UNSUPPORTED", err.code, text .. "\n" .. tostring(err))
        end
    end)

    it("lists the reserved words", function()
        local listed = {}
        for word in page:match "keywords.lua %-%->\n(.-)\n<!%-%- end":gmatch "`(%u[%u_]*)`" do
            listed[word] = true
        end
        assert.same(keywords.reserved, listed)
    end)
end)
