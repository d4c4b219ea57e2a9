--- What is said of results that don't fit their declared type, wherever in a chain
-- they are found out: where they are stored, where another closure takes them, and
-- where C stores plain rows.
local chains = require "chains"
local ffi = require "ffi"
local moontide = require "moontide"
local null = require "moontide.null"

local Decimal, Row = moontide.Decimal, moontide.Row

local function map(name, fn, type)
    return { op = "map", name = name, fn = fn, type = type }
end

local ways = {
    ["as the last result"] = function(fn, type)
        return chains.new { input = "INT", output = type, steps = { map("Map", fn, type) } }
    end,
    ["in the middle of a chain"] = function(fn, type)
        return chains.new { input = "INT", output = "INT", steps = {
            map("Map", fn, type), map("After", function() return 1 end, "INT"),
        } }
    end,
    ["in plain rows"] = function(fn, type)
        return chains.new({ input = "INT", output = type, steps = { map("Map", fn, type) } }, 0,
            true)
    end,
}

local function feed(make, result, type)
    return pcall(chains.feed, make(function() return result end, type), chains.batch("INT", { 1 }))
end

local PAIR = "ROW<`a` STRING, `b` INT>"
local DEEP = "ROW<`a` ROW<`b` ARRAY<ROW<`c` INT>>>>"

-- type, result, the whole message
local refused = {
    { "INT", "x", "the result must be a whole number from -2147483648 to 2147483647 (INT), "
        .. "got the string 'x'" },
    { "INT NOT NULL", nil, "the result is NOT NULL, got nil" },
    { PAIR, { "x", "y" }, "field 'b' must be a whole number from -2147483648 to 2147483647 "
        .. "(INT), got the string 'y'" },
    { PAIR, 5LL, "the result must be a row of 2 fields, got the int64 5" },
    { PAIR, Decimal "1.50", "the result must be a row of 2 fields, got the Decimal 1.50" },
    { PAIR, io.stdout, "the result must be a row of 2 fields, got a userdata" },
    { PAIR, true, "the result must be a row of 2 fields, got the boolean true" },
    { PAIR, { "x", 1, 2 }, "the result must be a row of 2 fields, got the table ('x', 1, 2)" },
    { PAIR, { a = "x", other = 1, }, "the row has no field 'other', only 'a', 'b'" },
    { "ROW<`amount` INT, `b` INT>", { amuont = 1 },
        "the row has no field 'amuont', only 'amount', 'b', did you mean 'amount'?" },
    { "ARRAY<INT>", 5LL, "the result must be a sequence (ARRAY), got the int64 5" },
    { "ARRAY<BOOLEAN>", { true, false, 7 },
        "element 3 of the array must be a boolean (BOOLEAN), got the number 7" },
    { "ARRAY<ARRAY<BOOLEAN>>", { { true }, { true, "x" } },
        "'[2][2]' of the result must be a boolean (BOOLEAN), got the string 'x'" },
    { "ARRAY<ROW<`c` BOOLEAN>>", { { true }, { "x" } },
        "'[2].c' of the result must be a boolean (BOOLEAN), got the string 'x'" },
    { "MAP<BOOLEAN, INT>", { x = 1 },
        "a key of the map must be a boolean (BOOLEAN), got the string 'x'" },
    { "MAP<STRING, BOOLEAN>", { k = 1 },
        "the value of key 'k' of the map must be a boolean (BOOLEAN), got the number 1" },
    { "MAP<INT, BOOLEAN>", { [7] = 1 },
        "the value of key 7 of the map must be a boolean (BOOLEAN), got the number 1" },
    { "ROW<`m` MAP<STRING, BOOLEAN>>", { { k = 1 } },
        "field 'm['k']' must be a boolean (BOOLEAN), got the number 1" },
    { "ROW<`m` MAP<BOOLEAN, INT>>", { { k = 1 } },
        "a key of the map 'm' must be a boolean (BOOLEAN), got the string 'k'" },
    { DEEP, { { { { 1 }, { 2 }, { "x" } } } },
        "field 'a.b[3].c' must be a whole number from -2147483648 to 2147483647 (INT), "
            .. "got the string 'x'" },
    { DEEP, { { { { 1 }, 2LL } } },
        "field 'a.b[2]' must be a row of 1 fields, got the int64 2" },
    { DEEP, { { { { 1, 2 } } } },
        "field 'a.b[1]' must be a row of 1 fields, got the table (1, 2)" },
    { "ARRAY<INT NOT NULL>", { 1, null }, "element 2 of the array is NOT NULL, got nil" },
    { "DECIMAL(20, 0)", 2 ^ 53, "the result must be a Decimal or a number that fits "
        .. "DECIMAL(20, 0), got the number 9007199254740992; a plain number of 2^53 or more is "
        .. 'not exact, make it of a string: Decimal "..."' },
    { "DECIMAL(3, 0)", 1000,
        "the result must be a Decimal or a number that fits DECIMAL(3, 0), got the number 1000" },
    { "STRING", ("s"):rep(100), nil },
    { "BOOLEAN", ("s"):rep(100), "the result must be a boolean (BOOLEAN), got the string '"
        .. ("s"):rep(60) .. "...'" },
    { "BOOLEAN", setmetatable({}, { __tostring = function() error "no" end }),
        "the result must be a boolean (BOOLEAN), got a table" },
}

for way, make in pairs(ways) do
    describe("a result of the wrong type " .. way, function()
        for i, case in ipairs(refused) do
            it(("is told by where it stands, what is wanted and what came (%d)"):format(i),
                function()
                    local ok, message = feed(make, case[2], case[1])
                    assert.equal(case[3] == nil, ok)
                    if case[3] then
                        assert.equal(case[3], message)
                    end
                end)
        end

        it("is no decimal that a plain number can't hold, on either side of 0", function()
            for _, x in ipairs { 2 ^ 53, -2 ^ 53, 1e30, 1 / 0, -1 / 0 } do
                local ok, message = feed(make, x, "DECIMAL(38, 0)")
                assert.is_false(ok)
                assert.matches('of a string: Decimal "..."', message, 1, true)
            end
            for _, x in ipairs { 2 ^ 53 - 1, 1 - 2 ^ 53, 9007199254740993LL, Decimal "1e30" } do
                assert.is_true((feed(make, x, "DECIMAL(38, 0)")))
            end
        end)

        it("may be no struct of the script's own", function()
            local struct = ffi.new "struct { int f0; }"
            for _, type in ipairs {
                PAIR, "INT", "STRING", "DATE", "ARRAY<INT>", "DECIMAL(3, 1)",
            } do
                local ok, message = feed(make, struct, type)
                assert.is_false(ok)
                assert.matches("^the result must be .* got a cdata %(ctype<struct", message)
            end
        end)
    end)

    it("a Row stands for the fields that it names " .. way, function()
        local seen
        local chain = chains.new { input = "INT", output = "STRING", steps = {
            map("Make", function() return Row { b = 5, a = "x" } end, PAIR),
            map("Look", function(r) seen = r.a .. r.b return seen end, "STRING"),
        } }
        chains.feed(chain, chains.batch("INT", { 1 }))
        assert.equal("x5", seen)
        local ok, records = feed(make, Row("b", "a")(5, "x"), PAIR)
        assert.is_true(ok)
        assert.is_true(way:find "middle" ~= nil or records[1].a == "x" and records[1].b == 5)
    end)
end

describe("a record of the chain", function()
    it("stands for a row, also inside another", function()
        local nested = "ROW<`r` ROW<`a` STRING, `b` INT>, `n` INT>"
        local out = chains.run({ input = PAIR, output = nested, steps = {
            map("Wrap", function(r) return { r, r.b } end, nested) } }, { { "x", 1 }, { "y", 2 } })
        assert.equal("y", out[2].r.a)
        assert.equal(2, out[2].n)
    end)

    it("is told as stale where it was kept", function()
        local kept
        local ok, message = pcall(chains.run, { input = PAIR, output = PAIR, steps = {
            map("Keep", function(r) kept = kept or r return kept end, PAIR),
        } }, { { "x", 1 }, { "y", 2 } })
        assert.is_false(ok)
        assert.matches("keep record:copy()", message, 1, true)
    end)
end)

describe("what a function answers beside records", function()
    it("is called a key or a partitioner's answer", function()
        local keyed = "ROW<`f0` INT, `$key` INT>"
        local ok, message = pcall(chains.run, { input = "INT", output = keyed, result_type = "INT",
            steps = { { op = "key", fn = function() return "x" end, key_type = "INT" } } }, { 1 })
        assert.is_false(ok)
        assert.matches("^the key must be a whole number .* got the string 'x'", message)
        ok, message = pcall(chains.run, { input = "INT", result_type = "INT",
            output = "ROW<`f0` INT, `$partition` INT>",
            steps = { { op = "partition", fn = function() return 0.5 end, partitions = 2 } } },
            { 1 })
        assert.is_false(ok)
        assert.matches("^the partitioner's answer must be a whole number .* got the number 0.5",
            message)
    end)

    it("may be no struct as an untyped key", function()
        local ok, message = pcall(chains.run, { input = "INT", result_type = "INT",
            output = "ROW<`f0` INT, `$key` RAW>", steps = { { op = "key", key_type = "RAW",
                fn = function() return ffi.new "struct { int a; }" end } } }, { 1 })
        assert.is_false(ok)
        assert.matches("^a key must be a boolean, number, .* got a cdata", message)
    end)
end)
