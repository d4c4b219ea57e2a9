--- Which column of a query goes into which of a table: what INSERT means.
-- @module moontide.sql.targets
local casts = require "moontide.sql.casts"
local logical = require "moontide.logical"
local problem = require "moontide.sql.problem"
local type_text = require "moontide.table.type_text"

local M = {}

-- What stands for a column of NULLs where columns go by position.
M.NOTHING = 0

local function mismatch(where, given, columns, why)
    return problem.raise(where.text, where.pos,
        ("column types of query result and sink for table '%s' do not match: %s "
            .. "(query %s, sink %s)"):format(where.name, why, type_text.columns(given),
            type_text.columns(columns)))
end

local function refuse_column(where, columns, name)
    local at = logical.position(where.definition.columns, name)
    local kind = at and (where.definition.columns[at].expr and "computed" or "virtual")
    local message = at
        and ("column '%s' of table '%s' is %s, it can't be written"):format(name, where.name, kind)
        or ("column '%s' does not exist in table '%s'%s"):format(name, where.name,
            problem.hint(name, logical.names(columns)))
    problem.raise(where.text, where.columns_pos, message)
end

--- Columns that an INSERT leaves out become NULL, so they must be nullable.
local function refuse_left_out(where, columns, given)
    local missing = {}
    for at, column in ipairs(columns) do
        if not given[at] and not column.type.nulls then
            missing[#missing + 1] = ("'%s'"):format(column.name)
        end
    end
    if #missing > 0 then
        problem.raise(where.text, where.columns_pos, ("table '%s' has NOT NULL columns that are "
            .. "left out: %s"):format(where.name, table.concat(missing, ", ")))
    end
end

--- Positions among the sink's columns of those that PARTITION gives a value.
local function static_positions(where, columns)
    local static, given = {}, {}
    for _, item in ipairs(where.static or {}) do
        local at = logical.position(columns, item.name) or refuse_column(where, columns, item.name)
        static[#static + 1] = at
        given[at] = true
    end
    return static, given
end

--- The sink's columns that an INSERT names, by position in `columns`.
local function named_columns(where, columns, names, static)
    local positions, seen = {}, {}
    for at in pairs(static) do
        seen[at] = true
    end
    for i, name in ipairs(names) do
        positions[i] = logical.position(columns, name)
        if not positions[i] then
            refuse_column(where, columns, name)
        elseif seen[positions[i]] then
            problem.raise(where.text, where.columns_pos, ("column '%s' stands twice"):format(name))
        end
        seen[positions[i]] = true
    end
    refuse_left_out(where, columns, seen)
    return positions
end

--- All of the sink's columns but those that PARTITION gives a value.
local function other_columns(columns, static)
    local positions = {}
    for i in ipairs(columns) do
        if not static[i] then
            positions[#positions + 1] = i
        end
    end
    return positions
end

local function check_type(where, given, columns, from, to)
    if casts.implicit(from.type, to.type) then
        return
    end
    -- A stream without a type is the one mistake that needs more words.
    local hint = from.type.kind == "RAW"
        and ": give the stream's last step an output type" or ""
    mismatch(where, given, columns, ("column '%s' is %s, '%s' of the query is %s%s"):format(to.name,
        type_text.summary(to.type), from.name, type_text.summary(from.type), hint))
end

--- For each of a sink's columns, the column of the query that goes there, or
-- NOTHING.
-- @tparam table where what errors are about: definition, name, text, pos,
-- columns_pos; and `names` (of columns that INSERT lists), `static` (sequence of
-- { name }: the last columns of the query are those of PARTITION (k = v))
-- @tparam table given columns of the query
-- @tparam table columns those that can be written
-- @treturn table
function M.match(where, given, columns)
    local static, is_static = static_positions(where, columns)
    local targets = where.names and named_columns(where, columns, where.names, is_static)
        or other_columns(columns, is_static)
    if #targets ~= #given - #static then
        mismatch(where, given, columns, ("%d columns for %d"):format(#given - #static, #targets))
    end
    for _, at in ipairs(static) do
        targets[#targets + 1] = at
    end
    local from = {}
    for i = 1, #columns do
        from[i] = M.NOTHING
    end
    for i, target in ipairs(targets) do
        from[target] = i
        check_type(where, given, columns, given[i], columns[target])
    end
    return from
end

return M
