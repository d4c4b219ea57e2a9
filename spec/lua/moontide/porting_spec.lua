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
