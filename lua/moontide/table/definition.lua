--- What a catalog holds: tables and views, made from DDL or from descriptors.
--
--     table = { kind = "table", columns, watermark, primary_key, partition_keys,
--               comment, options }
--     view  = { kind = "view", query (a tree) or relation, text, columns (names),
--               comment, catalog, database }
--
--     column = { kind = "physical" | "metadata" | "computed", name, type,
--                key, virtual, expr, comment }
--     watermark = { path, expr }     primary_key = { name, columns = { names } }
--     options = sequence of { key, value }
--
-- A computed column has no type until its expression is compiled, which is not
-- supported yet. Functions that check take `report(pos, message)`, which raises.
-- @module moontide.table.definition
local ast = require "moontide.sql.ast"
local copy_of = require "moontide.copy"
local logical = require "moontide.logical"
local problem = require "moontide.sql.problem"
local type_text = require "moontide.table.type_text"

local M = {}

-- ---- building -------------------------------------------------------------------------

--- The column of that name; raises with the nearest name.
function M.need_column(definition, name, what, pos, report)
    local i = logical.position(definition.columns, name)
    if not i then
        report(pos, ("%s: the table has no column '%s'%s"):format(what, name,
            problem.hint(name, logical.names(definition.columns))))
    end
    return definition.columns[i], i
end

function M.column_of_element(element)
    return {
        kind = element.expr and "computed" or element.metadata and "metadata" or "physical",
        name = element.name,
        type = element.type,
        key = element.metadata and (element.metadata.key or element.name) or nil,
        explicit_key = element.metadata and element.metadata.key,
        virtual = element.metadata and element.metadata.virtual or nil,
        expr = element.expr,
        comment = element.comment,
    }
end

--- Where ALTER TABLE wants the column: FIRST, AFTER x, or nil.
function M.place_of(definition, element, report)
    if element.first then
        return 1
    elseif element.after then
        local _, i = M.need_column(definition, element.after, "AFTER", element.pos, report)
        return i + 1
    end
    return nil
end

-- Nodes that a table's own expressions can't hold: they need more than its row.
local OUTSIDE = { subquery = "a subquery", star = "*", table_arg = "a table",
    descriptor = "DESCRIPTOR" }

local function check_expression(element, what, report)
    ast.walk(element.expr, function(node)
        local name = OUTSIDE[node.kind] or node.over and "OVER"
        if name then
            report(node.pos or element.pos, ("%s can't hold %s"):format(what, name))
        end
    end)
end

-- Adders of elements by their kind: `M.add[kind](definition, element, report)`.
local add = {}
M.add = add

function add.column(definition, element, report)
    if logical.position(definition.columns, element.name) then
        report(element.pos, ("column '%s' stands twice"):format(element.name))
    elseif element.expr then
        check_expression(element, "a computed column", report)
    end
    local at = M.place_of(definition, element, report) or #definition.columns + 1
    table.insert(definition.columns, at, M.column_of_element(element))
end

function add.watermark(definition, element, report)
    if definition.watermark then
        report(element.pos, "a table has one WATERMARK, this is the second")
    end
    check_expression(element, "a WATERMARK", report)
    definition.watermark = { path = element.path, expr = element.expr, pos = element.pos }
end

function add.primary_key(definition, element, report)
    if definition.primary_key then
        report(element.pos, "a table has one PRIMARY KEY, this is the second")
    end
    definition.primary_key = {
        name = element.name or "PK_" .. table.concat(element.columns, "_"),
        columns = element.columns, pos = element.pos,
    }
end

local function check_key(definition, report)
    local key, seen = definition.primary_key, {}
    for _, name in ipairs(key and key.columns or {}) do
        local column, i = M.need_column(definition, name, "PRIMARY KEY", key.pos, report)
        if column.kind ~= "physical" then
            report(key.pos, ("PRIMARY KEY: column '%s' is %s, a key has physical columns only")
                :format(name, column.kind))
        elseif seen[name] then
            report(key.pos, ("PRIMARY KEY: column '%s' stands twice"):format(name))
        end
        seen[name] = true
        -- A key makes its columns NOT NULL.
        if column.type.nulls then
            local copy = copy_of(column)
            copy.type = column.type:not_null()
            definition.columns[i] = copy
        end
    end
end

local function check_watermark(definition, report)
    local watermark = definition.watermark
    if not watermark then
        return
    end
    local column = M.need_column(definition, watermark.path[1], "WATERMARK", watermark.pos, report)
    local t = column.type
    if #watermark.path == 1 and t and not ((t.kind == "TIMESTAMP" or t.kind == "TIMESTAMP_LTZ")
        and t.precision <= 3) then
        report(watermark.pos, ("WATERMARK: column '%s' must be TIMESTAMP(3) or "
            .. "TIMESTAMP_LTZ(3), is %s"):format(column.name, type_text.summary(t)))
    end
end

local function check_partitions(definition, report)
    local seen = {}
    for _, name in ipairs(definition.partition_keys) do
        local column = M.need_column(definition, name, "PARTITIONED BY", definition.pos, report)
        if column.kind ~= "physical" then
            report(definition.pos, ("PARTITIONED BY: column '%s' is not physical"):format(name))
        elseif seen[name] then
            report(definition.pos, ("PARTITIONED BY: column '%s' stands twice"):format(name))
        end
        seen[name] = true
    end
end

--- Checks a definition as a whole.
function M.check(definition, report)
    check_key(definition, report)
    check_watermark(definition, report)
    check_partitions(definition, report)
    return definition
end

--- A copy whose lists may be changed.
function M.copy(definition)
    local copy = copy_of(definition)
    copy.columns = copy_of(definition.columns)
    copy.partition_keys = copy_of(definition.partition_keys)
    copy.options = copy_of(definition.options)
    return copy
end

-- ---- options ------------------------------------------------------------------------------

--- The value of an option, or nil.
function M.option(definition, key)
    for _, pair in ipairs(definition.options) do
        if pair[1] == key then
            return pair[2]
        end
    end
    return nil
end

--- Sets an option where it stands, or behind the others.
function M.set_option(options, key, value)
    for i, pair in ipairs(options) do
        if pair[1] == key then
            options[i] = { key, value }
            return
        end
    end
    options[#options + 1] = { key, value }
end

--- Options as a table of strings, as plans hold them.
-- @tparam table options sequence of { key, value }
-- @tparam[opt] table more others that win
function M.option_map(options, more)
    local map = {}
    for _, list in ipairs { options, more or {} } do
        for _, pair in ipairs(list) do
            map[pair[1]] = pair[2]
        end
    end
    return map
end

-- ---- CREATE TABLE ---------------------------------------------------------------------------

-- What LIKE does unless told otherwise.
local LIKE_DEFAULTS = {
    CONSTRAINTS = "INCLUDING", DISTRIBUTION = "INCLUDING", PARTITIONS = "INCLUDING",
    GENERATED = "INCLUDING", METADATA = "INCLUDING", WATERMARKS = "INCLUDING",
    OPTIONS = "OVERWRITING",
}

local function like_rules(like, report)
    local rules, given = {}, {}
    for what, rule in pairs(LIKE_DEFAULTS) do
        rules[what] = rule
    end
    for _, item in ipairs(like.rules) do
        if given[item.what] then
            report(item.pos, ("%s stands twice in LIKE"):format(item.what))
        end
        given[item.what] = true
        if item.what == "ALL" then
            for what in pairs(rules) do
                rules[what] = item.rule
            end
        end
    end
    for _, item in ipairs(like.rules) do
        if item.what ~= "ALL" then
            rules[item.what] = item.rule
        end
    end
    return rules
end

local RULE_OF_KIND = { computed = "GENERATED", metadata = "METADATA" }

--- Columns of the other table that LIKE takes over, before the table's own.
local function like_columns(definition, other, rules, elements)
    local own = {}
    for _, element in ipairs(elements) do
        if element.kind == "column" then
            own[element.name] = true
        end
    end
    for _, column in ipairs(other.columns) do
        -- Physical columns are always taken, so one that stands again is an error.
        local subject = RULE_OF_KIND[column.kind]
        local rule = subject and rules[subject] or "INCLUDING"
        local overwritten = own[column.name] and rule == "OVERWRITING"
        if rule ~= "EXCLUDING" and not overwritten then
            table.insert(definition.columns, column)
        end
    end
end

local function like_options(definition, other, rule, report)
    if rule == "EXCLUDING" then
        return
    end
    local options = copy_of(other.options)
    for _, pair in ipairs(definition.options) do
        if rule == "INCLUDING" and M.option(other, pair[1]) then
            report(pair.pos,
                ("option '%s' stands in both tables: write OVERWRITING OPTIONS"):format(pair[1]))
        end
        M.set_option(options, pair[1], pair[2])
    end
    definition.options = options
end

local function apply_like(definition, other, like, elements, report)
    local rules, has = like_rules(like, report), {}
    for _, element in ipairs(elements) do
        has[element.kind] = true
    end
    like_columns(definition, other, rules, elements)
    if rules.CONSTRAINTS == "INCLUDING" and other.primary_key then
        definition.primary_key = other.primary_key
    end
    if rules.PARTITIONS == "INCLUDING" and #other.partition_keys > 0 then
        if #definition.partition_keys > 0 then
            report(like.pos, "both tables are PARTITIONED BY: write EXCLUDING PARTITIONS")
        end
        definition.partition_keys = other.partition_keys
    end
    if rules.WATERMARKS ~= "EXCLUDING"
        and not (rules.WATERMARKS == "OVERWRITING" and has.watermark) then
        definition.watermark = other.watermark
    end
    like_options(definition, other, rules.OPTIONS, report)
end

--- The table that a CREATE TABLE declares.
-- @tparam table statement its tree
-- @tparam ?table other the table that LIKE names
-- @tparam function report
function M.of_statement(statement, other, report)
    local definition = {
        kind = "table", columns = {}, partition_keys = statement.partitioned_by or {},
        comment = statement.comment, options = copy_of(statement.options), pos = statement.pos,
    }
    if other then
        apply_like(definition, other, statement.like, statement.elements, report)
    end
    for _, element in ipairs(statement.elements) do
        add[element.kind](definition, element, report)
    end
    if #definition.columns == 0 then
        report(statement.pos, "a table needs at least one column")
    end
    return M.check(definition, report)
end

-- ---- what readers and writers see ---------------------------------------------------------------

--- Columns that INSERT writes, in their order: physical ones and metadata that
-- isn't VIRTUAL.
function M.writable(definition)
    local columns = {}
    for _, column in ipairs(definition.columns) do
        if column.kind == "physical" or column.kind == "metadata" and not column.virtual then
            columns[#columns + 1] = column
        end
    end
    return columns
end

--- The connector's order of columns: physical ones, then metadata.
-- @tparam table columns
-- @treturn table them in that order
-- @treturn number how many are physical
-- @treturn table for each of `columns`, its place in that order
function M.connector_order(columns)
    local ordered, place, physical_len = {}, {}, 0
    for _, kind in ipairs { "physical", "metadata" } do
        for i, column in ipairs(columns) do
            if column.kind == kind then
                ordered[#ordered + 1] = column
                place[i] = #ordered
            end
        end
        physical_len = kind == "physical" and #ordered or physical_len
    end
    return ordered, physical_len, place
end

return M
