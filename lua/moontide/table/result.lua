--- TableResult: what a statement gave.
-- @module moontide.table.result
local args = require "moontide.args"
local cells = require "moontide.table.cells"
local class = require "moontide.class"
local enum = require "moontide.enum"
local errors = require "moontide.error"
local job = require "moontide.job"
local logical = require "moontide.logical"
local Row = require "moontide.row"
local tableau = require "moontide.table.tableau"
local zone = require "moontide.table.zone"

local M = {}

local TableResult = class.new "TableResult"
M.TableResult = TableResult

--- SUCCESS (nothing but that it worked) and SUCCESS_WITH_CONTENT.
M.ResultKind = enum.new("ResultKind", { "SUCCESS", "SUCCESS_WITH_CONTENT" })

local STRING = logical.scalar("VARCHAR", logical.MAX_LENGTH)

local function new(fields)
    local self = { kind = "SUCCESS", columns = false, style = "text", text = false, open = false,
        client = false, taken = false, iterator = false, width_max = tableau.WIDTH_MAX,
        streaming = true, zone = false }
    for key, value in pairs(fields) do
        self[key] = value
    end
    return setmetatable(self, TableResult)
end

--- An iterator over a sequence.
local function over(rows)
    local i = 0
    return function()
        i = i + 1
        return rows[i]
    end
end

local function rows_of(values, columns)
    local names, rows = logical.names(columns), {}
    for i, fields in ipairs(values) do
        rows[i] = Row.from({ unpack(fields, 1, #columns) }, #columns, names)
    end
    return rows
end

--- What a statement without content gives; prints as OK.
function M.ok()
    local columns = { { name = "result", type = STRING } }
    return new { columns = columns, text = "OK", open = function()
        return over(rows_of({ { "OK" } }, columns))
    end }
end

--- One text, as EXPLAIN and SHOW CREATE give it; prints as it is.
function M.of_text(text)
    local columns = { { name = "result", type = STRING } }
    return new { kind = "SUCCESS_WITH_CONTENT", columns = columns, text = text, open = function()
        return over(rows_of({ { text } }, columns))
    end }
end

--- A list, as SHOW and DESCRIBE give it; prints as a table as wide as it must be.
-- @tparam table columns sequence of { name, type }; type is STRING unless given
-- @tparam table values sequence of sequences; nil is NULL
function M.of_list(columns, values)
    for _, column in ipairs(columns) do
        column.type = column.type or STRING
    end
    return new { kind = "SUCCESS_WITH_CONTENT", columns = columns, style = "list", open = function()
        return over(rows_of(values, columns))
    end }
end

--- Rows of a job, each as it arrives.
-- @tparam table columns sequence of { name, type }
-- @tparam function open gives the iterator, which may have `close`
-- @tparam JobClient client
-- @tparam[opt] table options `width_max`, `streaming` (false: no column `op`),
-- `zone` that instants are printed in
function M.of_rows(columns, open, client, options)
    local fields = { kind = "SUCCESS_WITH_CONTENT", columns = columns, style = "rows", open = open,
        client = client }
    for key, value in pairs(options or {}) do
        fields[key] = value
    end
    return new(fields)
end

--- Names with those that stand more than once numbered: s_1, s_2.
local function numbered(names)
    local times, seen, result = {}, {}, {}
    for _, name in ipairs(names) do
        times[name] = (times[name] or 0) + 1
    end
    for i, name in ipairs(names) do
        seen[name] = (seen[name] or 0) + 1
        result[i] = times[name] > 1 and name .. "_" .. seen[name] or name
    end
    return result
end

--- A job that writes; prints -1 for each sink.
-- @tparam {string,...} sinks full names
-- @tparam JobClient client
function M.of_insert(sinks, client)
    local columns, counts = {}, {}
    for i, name in ipairs(numbered(sinks)) do
        columns[i] = { name = name, type = logical.scalar "BIGINT" }
        counts[i] = -1
    end
    return new { kind = "SUCCESS_WITH_CONTENT", columns = columns, client = client,
        text = table.concat(counts, ","), open = function()
            return over(rows_of({ counts }, columns))
        end }
end

-- ---- what scripts see --------------------------------------------------------------------

--- The rows, for generic `for`; a `Row` each, with its kind. They can be taken
-- once. What it gives also has `:close()`, which ends the job.
-- @usage for row in t_env:execute_sql("SHOW TABLES"):collect() do print(row[1]) end
function TableResult:collect()
    if self.taken then
        errors.raise("MISUSE", "the rows of a result can be taken once")
    end
    self.taken = true
    return self:opened()
end

--- The iterator, made once.
function TableResult:opened()
    self.iterator = self.iterator or self.open()
    return self.iterator
end

local function write_line(line)
    io.stdout:write(line, "\n")
end

local function print_list(self, emit)
    local names, rows = logical.names(self.columns), {}
    for row in self:collect() do
        local texts = {}
        for i in ipairs(names) do
            texts[i] = row[i] == nil and "" or tostring(row[i])
        end
        rows[#rows + 1] = texts
    end
    -- Lists may be wider than queries: a statement's text is of no use cut.
    tableau.print(names, tableau.widths_by_content(names, rows, math.huge), over(rows), emit)
end

local function has_instants(columns)
    for _, column in ipairs(columns) do
        if tostring(column.type):find("TIMESTAMP_LTZ", 1, true) then
            return true
        end
    end
    return false
end

local function print_rows(self, emit)
    local shown, names = {}, {}
    if self.streaming then
        shown[1], names[1] = { name = "op", width = 2 }, "op"
    end
    for _, column in ipairs(self.columns) do
        shown[#shown + 1] = column
        names[#names + 1] = column.name
    end
    local clock = self.zone and has_instants(self.columns) and zone.clock(self.zone) or nil
    local next_row = self:collect()
    tableau.print(names, tableau.widths_by_type(shown, self.width_max), function()
        local row = next_row()
        if row == nil then
            return nil
        end
        local texts = { self.streaming and tostring(Row.get_row_kind(row)) or nil }
        for i, column in ipairs(self.columns) do
            texts[#texts + 1] = cells.text(row[i], column.type, clock)
        end
        return texts
    end, emit)
end

--- Prints the result; rows as they arrive, so it ends when the job does.
-- @tparam[opt] function emit takes each line; standard output unless given
-- @usage t_env:execute_sql("SELECT * FROM t"):print()
function TableResult:print(emit)
    emit = emit or write_line
    if self.style == "rows" then
        print_rows(self, emit)
    elseif self.style == "list" then
        print_list(self, emit)
    else
        emit((self.text:gsub("\n$", "")))
    end
    io.stdout:flush()
end

local SLICE_MS = 100

--- Waits until a query's first row has come, or none will.
local function wait_for_row(self, timeout_ms)
    local iterator, waited = self:opened(), 0
    while iterator.at >= iterator.len and not iterator.ended do
        local slice = timeout_ms and math.min(SLICE_MS, timeout_ms - waited) or SLICE_MS
        if slice <= 0 then
            return false
        end
        iterator:fetch(slice)
        waited = waited + slice
    end
    return true
end

--- Waits for the job's end, or for the first row of a query. Raises the job's
-- error.
-- @tparam[opt] number timeout_ms raises an error of code TIMEOUT when it takes longer
function TableResult:wait(timeout_ms)
    if timeout_ms ~= nil then
        local ok, message = args.whole(0)(timeout_ms)
        if not ok then
            args.bad(1, "wait", message)
        end
    end
    if self.style == "rows" then
        job.refuse_in_nginx("TableResult.wait", "collect():try_next")
        if not wait_for_row(self, timeout_ms) then
            errors.raise("TIMEOUT", "no row has come after %d ms", timeout_ms)
        end
    elseif self.client and self.client:wait(timeout_ms) == "running" then
        errors.raise("TIMEOUT", "the job still runs after %d ms", timeout_ms)
    end
end

--- The job's client; nil for statements that start none.
-- @treturn ?JobClient
function TableResult:get_job_client()
    return self.client or nil
end

--- One of ResultKind.
function TableResult:get_result_kind()
    return self.kind
end

--- Columns and types of the rows.
-- @treturn TableSchema
function TableResult:get_table_schema()
    return require("moontide.table.schema").TableSchema.of(self.columns)
end

--- Columns and types of the rows.
-- @treturn ResolvedSchema
function TableResult:get_resolved_schema()
    return require("moontide.table.schema").ResolvedSchema.of { columns = self.columns }
end

function TableResult:__tostring()
    return ("TableResult(%s)"):format(self.kind)
end

return M
