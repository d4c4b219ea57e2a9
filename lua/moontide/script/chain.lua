--- Chains of closures as the payload of a plan's "lua" node.
--
-- A chain is `{ input, input2, output, steps }`: texts of the record types that
-- come in (none for a chain that makes records itself) and go out, and the
-- steps in order:
--
--     { op = "source", values = {...}, type = T }   first, in a chain without input
--     { op = "map" | "filter" | "flat_map" | "process", fn = F, type = T, name = N }
--     { op = "key", fn = F, key_type = T }          last: adds the column `$key`
--     { op = "partition", fn = F, key = F, partitions = n }   last: adds `$partition`
--     { op = "unkey", type = T }                    first: hides that column again
--     { op = "keyed_reduce", fn = F, type = T }     first; `$key` comes in last
--     { op = "keyed_sum" | "keyed_min" | "keyed_max" | "keyed_min_by" | "keyed_max_by",
--       field = position or name, type = T }        likewise
--     { op = "keyed_process", fn = F, type = T, record_type = T, key_type = T }    likewise
--     { op = "co_map" | "co_flat_map" | "co_process", fn = F, type = T }   first, two inputs
--     { op = "keyed_co_process", fn = F, type = T, record_type = T, record_type2 = T,
--       key_type = T }    likewise; `$key` comes in last on both
--     { op = "timestamps", fn = F or nil, bound = ms or nil, idle = ms or nil }  alone
--     { op = "untag", index = n, type = T }                   first
--     { op = "text", type = "STRING" }              any record as print() shows it
--
-- A step of `process` may have `tags = { { id = TEXT, type = T }, ... }`, its side
-- outputs. It is then the last, and what comes out is ROW<`$tag` INT, `main` T, one
-- column a tag>, of which "untag" takes one: 0 the main output, n the n-th tag.
--
-- F is a function or a function object; T the text of the record type that the
-- step answers with ("RAW": untyped), left out where it stays the same.
-- @module moontide.script.chain
local buffer = require "string.buffer"
local ship = require "moontide.script.ship"

local M = {}

-- The record type behind a key column can't be told from the type with the
-- column: ROW<f0 INT, $key INT> may carry INTs or rows of one INT. This is the
-- type of the record that comes in with a key,
local function record_type(spec)
    local first = spec.steps[1]
    if first and (first.op == "unkey" or first.op:find "^keyed_") then
        return first.record_type or first.type, first.record_type2
    end
    return nil
end

-- and this of the one that goes out with it.
local function result_type(spec)
    local last = spec.steps[#spec.steps]
    if last and (last.op == "key" or last.op == "partition") then
        for k = #spec.steps - 1, 1, -1 do
            if spec.steps[k].type then
                return spec.steps[k].type
            end
        end
        return spec.input
    end
    return nil
end

--- Packs a chain.
-- @tparam table spec see above
-- @treturn string the node's payload
function M.payload(spec)
    local names = {}
    local record, record2 = record_type(spec)
    for k, step in ipairs(spec.steps) do
        names[k] = step.name or step.op
    end
    return buffer.encode {
        path = package.path,
        cpath = package.cpath,
        chain = ship.pack({
            input = spec.input, input2 = spec.input2, output = spec.output, steps = spec.steps,
            record_type = record, record_type2 = record2, result_type = result_type(spec),
            parameters = spec.parameters, watermark_interval = spec.watermark_interval,
        }, table.concat(names, " -> ")),
    }
end

return M
