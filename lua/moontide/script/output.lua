--- The output of a chain: records into the builder that C emits.
-- @module moontide.script.output
local ffi = require "ffi"
local core = require "moontide.core"
local native = require "moontide.native"
local rows = require "moontide.row"
local kinds = require "moontide.script.kinds"
local readers = require "moontide.script.readers"
local refusal = require "moontide.script.refusal"
local writers = require "moontide.script.writers"

local C = native.C
local M = {}

-- LuaJIT allows 60 upvalues a function, so wide rows are written in groups.
local GROUP = 20

local GROUP_HEAD = [[
local env = ...
local by_name, names = env.by_name, env.names
]]

local PUT_FIELD = [[
    x = v[%d]
    if x == nil then
        x = by_name(v, %q, names)
    end
    put%d(w, x)
]]

local function group_writer(put, names, known, first, last)
    local head, body = { GROUP_HEAD }, {}
    for i = first, last do
        head[#head + 1] = ("local put%d = env.put[%d]\n"):format(i, i)
        body[#body + 1] = PUT_FIELD:format(i, names[i], i)
    end
    local source = table.concat(head) .. "return function(w, v)\n    local x\n" ..
        table.concat(body) .. "end\n"
    return assert(loadstring(source, "=row writer"))({
        by_name = writers.by_name, names = known, put = put,
    })
end

local ROW_WRITER = [[
return function(w, v)
    local t = type(v)
    if t == "table" then
        if is_row(v) then
            keep_kind(w, v)
            v = conform(v)
        elseif v[%d] ~= nil then
            refuse(v)
        end
    elseif not (view and istype(view, v)) then
        refuse(v)
    end
    %s
end
]]

local function refuse_row(len)
    return function(v)
        if v == nil then
            error("a record of this stream can't be nil: did the function forget to return?", 0)
        end
        refusal.value_of("", ("a row of %d fields"):format(len), v)
    end
end

-- `view` is the type of the records that closures see, or nil: no other cdata
-- stands for a row.
local function row_writer(names, known, put, len, refuse, view, keep_kind)
    local env = {
        keep_kind = keep_kind,
        type = type, refuse = refuse, is_row = rows.is, view = view, istype = ffi.istype,
        conform = rows.conformer({ unpack(names, 1, len) }),
    }
    local head = { "local env = ...",
        "local type, refuse, is_row, conform = env.type, env.refuse, env.is_row, env.conform",
        "local view, istype, keep_kind = env.view, env.istype, env.keep_kind" }
    local calls = {}
    for first = 1, len, GROUP do
        local name = "group" .. first
        env[name] = group_writer(put, names, known, first, math.min(first + GROUP - 1, len))
        head[#head + 1] = ("local %s = env.%s"):format(name, name)
        calls[#calls + 1] = name .. "(w, v)"
    end
    local source = table.concat(head, "\n") .. "\n" ..
        ROW_WRITER:format(len + 1, table.concat(calls, "\n    "))
    return assert(loadstring(source, "=row writer"))(env)
end

--- Makes what a chain writes to: `write_from(view)` gives the function
-- write(w, v) for records, `put_last(w, x)` is for the column that a "key" or
-- "partition" step adds.
-- @tparam cdata type the record type that goes out (`mt_type`)
-- @tparam cdata chain the `mt_ffi_chain`
-- @tparam[opt] table extra there is such a column; `atomic`: beside a record that
-- isn't a row; `name`: what messages call it
function M.new(type, chain, extra)
    local out = { writers = {}, type = type }
    local is_row = type.kind == kinds.ROW
    local len = is_row and type.fields_len or 1
    local put = {}

    for i = 1, len do
        local column_type = is_row and type.fields[i - 1].type or type
        local name = is_row and ffi.string(type.fields[i - 1].name) or ""
        if extra and (extra.atomic or i == len) then
            name = i == len and refusal.named(extra.name) or ""
        end
        local writer = writers.new(column_type, name, chain.out.columns + (i - 1))
        out.writers[i] = writer
        put[i] = writer.put
    end

    local record_len = len - (extra and 1 or 0)
    local names, known = is_row and readers.names(type) or {}, {}
    for i = 1, record_len do
        known[names[i] or ""] = i
    end
    if not is_row or extra and extra.atomic then
        out.write_from = function() return put[1] end
        if not extra then
            out.inline, out.inline_t = writers.inline(type)
        end
    else
        local refuse = refuse_row(record_len)
        -- A Row's own kind goes with it: `Row.of_kind(RowKind.DELETE, ...)`.
        local function keep_kind(w, v)
            local kind = getmetatable(v).row_kind.value
            if kind ~= 0 then
                C.mt_ffi_set_kind(chain.out, w, kind)
            end
        end
        out.write_from = function(view)
            return row_writer(names, known, put, record_len, refuse, view, keep_kind)
        end
        local conform = rows.conformer({ unpack(names, 1, record_len) })
        out.check_row = function(v, w)
            if rows.is(v) then
                keep_kind(w, v)
                return conform(v)
            elseif _G.type(v) ~= "table" or v[record_len + 1] ~= nil then
                refuse(v)
            end
            writers.by_name(v, names[1], known) -- refuses names that are no field's
            return v
        end
    end
    out.put_last = put[len]

    function out.bind()
        for i = 1, len do
            out.writers[i].bind()
        end
    end

    -- Rows that fit before some column must grow.
    function out.room()
        local room = chain.out.columns[0].rows_max
        for i = 1, len do
            if not out.writers[i].nested then
                room = math.min(room, chain.out.columns[i - 1].rows_max)
            end
        end
        return room
    end

    function out.grow(w)
        for i = 1, len do
            if not out.writers[i].nested and chain.out.columns[i - 1].rows_max == w then
                out.writers[i].grow(w)
            end
        end
        return out.room()
    end

    -- One value that C would not store: converted, or refused, by its writer.
    local function store_one(i, value)
        local writer, column = out.writers[i], chain.out.columns[i - 1]
        if writer.nested then
            return writer.put(0, value)
        end
        local row = column.rows
        if row == column.rows_max then
            writer.grow(row)
        end
        writer.bind()
        writer.put(row, value)
        column.rows = row + 1
    end

    local function store_column(i, list, n, field)
        local column, name = chain.out.columns + (i - 1), field > 0 and names[field] or ""
        local at = 1
        repeat
            at = core.rows_store(column, list, n, field, name, at)
            if at <= n then
                local value = list[at]
                if field > 0 then
                    local record = value
                    value = record[field]
                    if value == nil then
                        value = writers.by_name(record, name, known)
                    end
                end
                store_one(i, value)
                at = at + 1
            end
        until at > n
    end

    --- Stores whole records at once, for chains that are interpreted anyway.
    -- @tparam table list the records, `moontide.null` for nil
    -- @tparam number n how many
    -- @tparam table lasts values of the added column
    function out.store(list, n, lasts)
        if out.check_row then
            for k = 1, n do
                list[k] = out.check_row(list[k], k - 1)
            end
        end
        for i = 1, record_len do
            store_column(i, list, n, out.check_row and i or 0)
        end
        if extra then
            store_column(len, lasts, n, 0)
        end
    end

    function out.finish(w)
        for i = 1, len do
            if not out.writers[i].nested then
                chain.out.columns[i - 1].rows = w
            end
        end
    end

    return out
end

return M
