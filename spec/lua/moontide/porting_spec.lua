-- docs/porting.md shows code: it runs, and gives what the page says.
local moontide = require "moontide"
local process = require "process"

local function blocks()
    local text = assert(process.read "docs/porting.md")
    local list = {}
    for block in text:gmatch "\n```lua\n(.-)\n```" do
        list[#list + 1] = block
    end
    return list
end

describe("docs/porting.md", function()
    it("begins with a job that runs", function()
        local path = process.write(os.tmpname(), blocks()[1])
        local result = process.run(process.luajit() .. " " .. path, 20)
        os.remove(path)
        assert.equal("", result.err)
        assert.same({ "+I[ann, 3]", "+I[bob, 5]", "+I[ann, 7]" }, process.lines(result.out))
    end)

    it("shows a query that runs", function()
        for _, block in ipairs(blocks()) do
            if block:find("from_elements", 1, true) then
                local path = process.write(os.tmpname(), block)
                local result = process.run(process.luajit() .. " " .. path, 20)
                os.remove(path)
                assert.equal("", result.err)
                assert.matches("Dune! |%s+19.0 |%s+18.0 |.-Emma! |%s+8.0 |%s+7.0 |", result.out)
                return
            end
        end
        error "there is none"
    end)

    it("lists members that are not supported yet", function()
        local list = process.read "docs/porting.md":match "\n## Not supported yet\n(.*)$"
        local count = 0
        -- Items such as "- `Table`: `a`, `b`; what isn't code".
        for item in list:gsub("\n%- ", "\0"):gmatch "%z(%Z+)" do
            local class, names = item:match "^`(%w+)`: ([^;]+)"
            for name in (names or ""):gmatch "`([%w_]+)`" do
                local ok, err = pcall(function()
                    return moontide[class][name]
                end)
                assert(not ok and tostring(err):find("not supported yet: ", 1, true),
                    class .. "." .. name)
                count = count + 1
            end
        end
        assert.is_true(count > 30)
    end)

    it("gives the results that stand behind its arrows", function()
        local lines = 0
        for _, block in ipairs(blocks()) do
            for code, expected in block:gmatch "([^\n]-)%s*%-%->%s*([^\n]+)" do
                local f = setfenv(assert(loadstring("return " .. code)), moontide)
                local results = { f() }
                for i, value in ipairs(results) do
                    results[i] = tostring(value)
                end
                assert.equal(expected, table.concat(results, ", "))
                lines = lines + 1
            end
        end
        assert.is_true(lines >= 7)
    end)

    it("shows a function object that works", function()
        for _, block in ipairs(blocks()) do
            if block:find "MapFunction" then
                local object = assert(loadstring(block .. "\nreturn Numbered"))
                setfenv(object, { moontide = moontide })
                local f = object()
                f:open { get_index_of_this_subtask = function() return 3 end }
                assert.equal("3: x", f:map "x")
            end
        end
    end)
end)
