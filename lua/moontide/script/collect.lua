--- Batches that a job hands to the program, as Lua values.
-- @module moontide.script.collect
local ffi = require "ffi"
local kinds = require "moontide.script.kinds"
local null = require "moontide.null"
local RowKind = require "moontide.rowkind"
local rows = require "moontide.row"
local driver_types = require "moontide.script.types"
local views = require "moontide.script.views"

local M = {}

-- Readers by type text. A program collects few different types; when it does
-- collect more, the oldest readers are only made again.
local MAX_TYPES = 64
local cache, cached = {}, 0

local function columns_of(text)
    local known = cache[text]
    if not known then
        if cached == MAX_TYPES then
            cache, cached = {}, 0
        end
        local t = driver_types.parse(text)
        local columns = views.columns(t, nil)
        known = { columns = columns, is_row = t.kind == kinds.ROW, get = {}, names = {} }
        for i = 1, columns.len do
            known.get[i] = columns.reader(i - 1)
            known.names[i] = columns.name(i - 1)
        end
        cache[text], cached = known, cached + 1
    end
    return known
end

--- The records of a batch.
-- @tparam lightuserdata address an `mt_batch`, borrowed for the call
-- @tparam string text its record type
-- @treturn table a sequence: Rows for a stream of rows, plain values (with
-- `moontide.null` for NULL) for others
function M.rows(address, text)
    local batch = ffi.cast("mt_batch *", address)
    local known = columns_of(text)
    local get, names, len = known.get, known.names, known.columns.len
    local list = {}
    known.columns.bind(batch)
    for i = 0, batch.rows - 1 do
        local value
        if known.is_row then
            local fields = {}
            for j = 1, len do
                fields[j] = get[j](i)
            end
            value = rows.from(fields, len, names, RowKind[known.columns.kind(i)])
        else
            value = get[1](i)
            if value == nil then
                value = null
            end
        end
        list[i + 1] = value
    end
    return list
end

return M
