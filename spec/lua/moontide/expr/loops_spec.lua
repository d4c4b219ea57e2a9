local calc = require "calc"
local chains = require "chains"
local driver = require "moontide.script.driver"
local ffi = require "ffi"
local native = require "moontide.native"

local C = native.C
local traceerr = require("jit.vmdef").traceerr

-- The end of a loop leads back to what isn't to be compiled; LuaJIT tries a few
-- times, and leaves the loop alone then.
local LEAVING = { ["JIT compilation disabled for function"] = true }

-- Recordings that fail for good while a program runs some batches, and how many
-- traces come of it.
local function watch(spec, rows)
    local program = calc.new(spec)
    local batch = chains.batch(spec.input, rows)
    local lasting, traces = {}, 0
    local function note(what, _, fn, _, reason)
        if what == "stop" then
            traces = traces + 1
        elseif what == "abort" and debug.getinfo(fn, "S").source == "=program"
            and driver.is_lasting(reason) and not LEAVING[traceerr[reason]] then
            lasting[#lasting + 1] = traceerr[reason] or tostring(reason)
        end
    end
    jit.attach(note, "trace")
    for _ = 1, 200 do
        C.mt_ffi_calc_start(program.calc, batch)
        program.loaded.run(0)
    end
    jit.attach(note)
    return lasting, traces
end
jit.off(watch) -- its own loop calls what isn't to be compiled

local KINDS = { "TINYINT", "SMALLINT", "INT", "BIGINT", "FLOAT", "DOUBLE" }

local function rows_of(n, width)
    local rows = {}
    for i = 1, n do
        local row = {}
        for k = 1, width do
            if (i + k) % 3 > 0 then
                row[k] = (i * k) % 100
            end
        end
        rows[i] = row
    end
    return rows
end

describe("loops", function()
    if not jit.status() then
        pending "the compiler is off"
        return
    end

    for _, kind in ipairs(KINDS) do
        it("over " .. kind .. " compile, and are left alone then", function()
            local lasting, traces = watch({
                input = ("ROW<a %s, b %s, c INT>"):format(kind, kind),
                exprs = { "a + b", "(a - b) * a", "-a", "a * CAST(3 AS " .. kind .. ")",
                    "CAST(c AS " .. kind .. ") + a" },
            }, rows_of(1000, 3))
            assert.same({}, lasting)
            assert.is_true(traces >= 5, traces .. " traces")
            assert.is_true(traces <= 40, traces .. " traces")
        end)
    end

    it("of users' functions compile", function()
        local udf = require "moontide.table.udf"
        local twice = udf.udf(function(x) return x and x * 2 end,
            { input_types = { "INT" }, result_type = "INT" })
        local lasting, traces = watch({
            input = "ROW<a INT>", exprs = { "f(a)", "CASE WHEN a > 5 THEN f(a + 1) END" },
            functions = { f = twice },
        }, rows_of(1000, 1))
        assert.same({}, lasting)
        assert.is_true(traces <= 60, traces .. " traces")
    end)

    it("of table functions compile", function()
        local udf = require "moontide.table.udf"
        local logical = require "moontide.logical"
        local lasting = watch({
            input = "ROW<a INT>", exprs = { "a", "e" },
            expand = {
                udf = udf.udtf(function(x, collect)
                    for i = 1, x and x % 4 or 0 do
                        collect(i)
                    end
                end, { result_types = { "INT" }, input_types = { "INT" } }),
                args = { calc.typed("a", logical.parse("ROW<a INT>").fields) },
                columns = logical.parse "ROW<e INT>",
            },
        }, rows_of(1000, 1))
        assert.same({}, lasting)
    end)
end)

describe("a column of reals", function()
    it("may hold NaNs of any bits, also under NULLs", function()
        local program = calc.new { input = "ROW<d DOUBLE, f FLOAT>",
            exprs = { "-d", "d + 1", "CAST(f AS DOUBLE)", "f * f" } }
        local rows = rows_of(100, 2)
        local batch = chains.batch("ROW<d DOUBLE, f FLOAT>", rows)
        local d = ffi.cast("uint64_t *", batch.columns[0].values)
        local f = ffi.cast("uint32_t *", batch.columns[1].values)
        for i = 0, 99 do
            if i % 2 == 0 then
                d[i], f[i] = 0xfffe000000000000ULL + i, 0xffffff00 + i
            end
        end
        C.mt_ffi_calc_start(program.calc, batch)
        program:try(program.loaded.run, 0)
        for k, out in ipairs(program.out) do
            out.bind(program.calc.columns[program.plan.outputs[k]])
        end
        for i = 0, 99 do
            local x = program.out[1].get(i)
            assert.is_true(x == nil or i % 2 == 1 or x ~= x)
            assert.equal(rows[i + 1][1] == nil, x == nil)
            local y = program.out[4].get(i)
            assert.is_true(y == nil or type(y) == "number")
        end
    end)
end)
