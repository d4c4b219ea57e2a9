-- Each example says in its first comment what it prints, and does.
local process = require "process"

-- The lines after "Prints:" that are indented by five columns.
local function promised(text)
    local any_order = text:match "\n%-%- Prints, in any order:\n"
    local lines = {}
    for line in (text:match "\n%-%- Prints[^\n]*:\n(.-)\n[^-]" or ""):gmatch "[^\n]+" do
        lines[#lines + 1] = line:match "^%-%-     (.*)$"
    end
    return lines, any_order ~= nil
end

describe("the example", function()
    for _, path in ipairs(process.list "ls examples/*.lua") do
        local lines, any_order = promised(process.read(path))
        if #lines > 0 then
            it(path .. " prints what it says", function()
                local result = process.run_script(path)
                assert.equal("", result.err)
                assert.equal(0, result.status)
                local printed = process.lines(result.out)
                if any_order then
                    table.sort(lines)
                    table.sort(printed)
                end
                assert.same(lines, printed)
            end)
        end
    end
end)

describe("the examples", function()
    it("are at least eight", function()
        local count = 0
        for _, path in ipairs(process.list "ls examples/*.lua") do
            count = count + (#promised(process.read(path)) > 0 and 1 or 0)
        end
        assert.is_true(count >= 8)
    end)
end)
