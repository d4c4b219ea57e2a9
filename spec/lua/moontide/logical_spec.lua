local ffi = require "ffi"
local logical = require "moontide.logical"
local native = require "moontide.native"

local scalar = logical.scalar

local KINDS = {
    "BOOLEAN", "TINYINT", "SMALLINT", "INT", "BIGINT", "FLOAT", "DOUBLE", "DATE", "RAW",
    "INTERVAL_MONTHS", "INTERVAL_MILLIS",
}
local WITH_LENGTH = { "CHAR", "VARCHAR", "BINARY", "VARBINARY" }
local WITH_PRECISION = { "TIME", "TIMESTAMP", "TIMESTAMP_LTZ" }
local NAMES = { "a", "order", "two words", "tick`ed", "ä", "f0", "$key" }

local random_type

local function random_row(random, depth)
    local fields = {}
    for i = 1, random(4) do
        fields[i] = {
            name = NAMES[random(#NAMES)] .. i,
            type = random_type(random, depth + 1),
            description = random(5) == 1 and "it's" or nil,
        }
    end
    return logical.row(fields, { nulls = random(2) == 1, tuple = random(4) == 1 })
end

function random_type(random, depth)
    local nulls = random(3) > 1
    local choice = random(depth > 3 and 5 or 9)
    if choice <= 2 then
        return scalar(KINDS[random(#KINDS)], nil, nil, nulls)
    elseif choice == 3 then
        return scalar(WITH_LENGTH[random(#WITH_LENGTH)], random(100), nil, nulls)
    elseif choice == 4 then
        return scalar(WITH_PRECISION[random(#WITH_PRECISION)], random(0, 9), nil, nulls)
    elseif choice == 5 then
        local precision = random(38)
        return scalar("DECIMAL", precision, random(0, precision), nulls)
    elseif choice == 6 then
        return logical.array(random_type(random, depth + 1), nulls)
    elseif choice == 7 then
        return logical.map(random_type(random, depth + 1), random_type(random, depth + 1), nulls)
    elseif choice == 8 then
        return logical.multiset(random_type(random, depth + 1), nulls)
    end
    return random_row(random, depth)
end

local function text(spelling)
    return tostring(logical.parse(spelling))
end

local function problem(spelling)
    local ok, err = pcall(logical.parse, spelling)
    assert.is_false(ok)
    assert.equal("TYPE", err.code)
    return err.message
end

describe("logical.parse", function()
    local seed = tonumber(os.getenv "SEED") or os.time()
    math.randomseed(seed)

    it(("reads back whatever a type prints (SEED=%d)"):format(seed), function()
        for _ = 1, 500 do
            local t = random_type(math.random, 0)
            local copy = logical.parse(tostring(t))
            assert.is_true(t == copy)
            assert.equal(tostring(t), tostring(copy))
        end
    end)

    it("prints what the engine's own parser reads", function()
        for _ = 1, 300 do
            local t = random_type(math.random, 0)
            local parsed = native.C.mt_ffi_type_parse(tostring(t))
            if parsed == nil then
                error(ffi.string(native.C.mt_ffi_error()) .. ": " .. tostring(t))
            end
            assert.equal(native.C.mt_ffi_kind(t.kind), parsed.kind)
            assert.equal(t.nulls, parsed.nullable)
            native.C.mt_type_unref(parsed)
        end
    end)

    it("reads SQL's synonyms and spellings", function()
        assert.equal("VARCHAR(2147483647)", text "STRING")
        assert.equal("VARCHAR(2147483647)", text "varchar")
        assert.equal("VARBINARY(2147483647)", text "BYTES")
        assert.equal("INT", text "integer")
        assert.equal("DECIMAL(10, 0)", text "NUMERIC")
        assert.equal("DECIMAL(5, 2)", text "dec(5,2)")
        assert.equal("DOUBLE", text "DOUBLE PRECISION")
        assert.equal("CHAR(1)", text "CHAR")
        assert.equal("VARCHAR(7)", text "CHARACTER VARYING (7)")
        assert.equal("TIMESTAMP(6)", text "TIMESTAMP WITHOUT TIME ZONE")
        assert.equal("TIMESTAMP_LTZ(3)", text "TIMESTAMP(3) WITH LOCAL TIME ZONE")
        assert.equal("ARRAY<INT NOT NULL>", text "INT NOT NULL ARRAY")
        assert.equal("MULTISET<INT>", text "INT MULTISET")
        assert.equal("ROW<`a` INT, `b` DATE>", text "ROW(a INT, b DATE)")
        assert.equal("INTERVAL YEAR TO MONTH", text "INTERVAL YEAR(4)")
        assert.equal("INTERVAL DAY TO SECOND", text "INTERVAL DAY(3) TO SECOND(6)")
        assert.equal("ROW<>", text "ROW<>")
    end)

    it("says what was expected and where", function()
        assert.matches("'>' expected at character 10", problem "ROW<a INT")
        assert.matches("did you mean BIGINT", problem "BIGIMT")
        assert.matches("precision of DECIMAL must be a whole number from 1 to 38", problem
            "DECIMAL(39, 0)")
        assert.matches("scale of DECIMAL must be a whole number from 0 to 5", problem
            "DECIMAL(5, 6)")
        assert.matches("the end expected", problem "INT INT")
        assert.matches("field 'a' stands twice", problem "ROW<a INT, a INT>")
        assert.matches("does not end", problem "ROW<`a INT>")
        assert.matches("nested more than 64", problem(("ARRAY<"):rep(70) .. "INT"
            .. (">"):rep(70)))
    end)

    it("does not support zoned timestamps yet", function()
        local _, err = pcall(logical.parse, "TIMESTAMP(3) WITH TIME ZONE")
        assert.equal("not supported yet: TIMESTAMP WITH TIME ZONE", err.message)
    end)
end)

describe("a type", function()
    it("is equal to one of the same parts, NOT NULL included", function()
        assert.is_true(logical.parse "ROW<a INT>" == logical.parse "ROW<`a` INTEGER>")
        assert.is_false(logical.parse "INT" == logical.parse "INT NOT NULL")
        assert.is_true(logical.equal(logical.parse "ROW<a INT>",
            logical.parse "ROW<a INT NOT NULL>"))
        assert.is_false(logical.equal(logical.parse "ROW<a INT>", logical.parse "TUPLE<a INT>"))
    end)

    it("changes its nullability by making another", function()
        local t = scalar "INT"
        assert.equal("INT NOT NULL", tostring(t:not_null()))
        assert.equal("INT", tostring(t))
        assert.equal("INT", tostring(t:not_null():nullable()))
    end)

    it("of rows knows its fields", function()
        local t = logical.parse "ROW<a INT, b STRING>"
        assert.same({ "a", "b" }, t:get_field_names())
        assert.equal("INT", tostring(t:get_field_types()[1]))
        assert.equal(2, t:get_field_index "b")
        assert.equal(-1, t:get_field_index "c")
        local ok, err = pcall(function() return scalar("INT"):get_field_names() end)
        assert.is_false(ok)
        assert.matches("INT has no fields", err.message)
    end)

    it("of any record has columns", function()
        assert.same({ { name = "f0", type = scalar "INT" } }, logical.columns(scalar "INT"))
        assert.equal("ROW<`f0` INT, `$key` RAW>",
            tostring(logical.with_column(scalar "INT", "$key", scalar "RAW")))
    end)
end)
