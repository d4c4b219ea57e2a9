--- LIKE and TRIM beside naive models, on random texts of few characters.
local moontide = require "moontide"

local ROWS = 1500
local CHARACTERS = { "a", "b", "é", "日", "_", "%" }

local function characters(text)
    local list = {}
    for c in text:gmatch "[%z\1-\127\194-\244][\128-\191]*" do
        list[#list + 1] = c
    end
    return list
end

--- Tries everything.
local function like(text, pattern, i, k)
    local p = pattern[k]
    if p == nil then
        return i > #text
    elseif p == "%" then
        for from = i, #text + 1 do
            if like(text, pattern, from, k + 1) then
                return true
            end
        end
        return false
    end
    return i <= #text and (p == "_" or p == text[i]) and like(text, pattern, i + 1, k + 1)
end

local function trim(text, set)
    local from, to, inside = 1, #text, {}
    for _, c in ipairs(set) do
        inside[c] = true
    end
    while from <= to and inside[text[from]] do
        from = from + 1
    end
    while to >= from and inside[text[to]] do
        to = to - 1
    end
    return table.concat(text, "", from, to)
end

local function random_text(most)
    local list = {}
    for i = 1, math.random(0, most) do
        list[i] = CHARACTERS[math.random(#CHARACTERS)]
    end
    return table.concat(list)
end

describe("text functions", function()
    it("agree with models that try everything", function()
        local seed = tonumber(os.getenv "SEED") or os.time()
        math.randomseed(seed)
        local rows, values = {}, {}
        for i = 1, ROWS do
            rows[i] = { random_text(8), random_text(5) }
            values[i] = ("('%s', '%s')"):format(rows[i][1], rows[i][2])
        end
        local env = moontide.StreamExecutionEnvironment.get_execution_environment()
        env:set_parallelism(1)
        local t_env = moontide.StreamTableEnvironment.create(env)
        local i = 0
        for row in t_env:execute_sql(("SELECT s LIKE p, TRIM(p FROM s), REVERSE(REVERSE(s)), "
            .. "CHAR_LENGTH(s), LEFT(s, 3) || SUBSTRING(s, 4) FROM (VALUES %s) AS t(s, p)")
            :format(table.concat(values, ", "))):collect() do
            i = i + 1
            local text, pattern = characters(rows[i][1]), characters(rows[i][2])
            local what = ("SEED=%d: '%s', '%s'"):format(seed, rows[i][1], rows[i][2])
            assert.equal(like(text, pattern, 1, 1), row[1], what)
            assert.equal(trim(text, pattern), row[2], what)
            assert.equal(rows[i][1], row[3], what)
            assert.equal(#text, row[4], what)
            assert.equal(rows[i][1], row[5], what)
        end
        assert.equal(ROWS, i)
    end)

    it("take a pattern's escape from each row", function()
        local t_env = moontide.StreamTableEnvironment.create(
            moontide.StreamExecutionEnvironment.get_execution_environment())
        t_env.env:set_parallelism(1)
        local found = {}
        for row in t_env:execute_sql([[SELECT 'a%' LIKE 'a!%' ESCAPE e, 'a!b' LIKE 'a!%' ESCAPE e
            FROM (VALUES ('!'), ('x'), ('!')) AS t(e)]]):collect() do
            found[#found + 1] = tostring(row[1]) .. " " .. tostring(row[2])
        end
        assert.same({ "true false", "false true", "true false" }, found)
    end)
end)
