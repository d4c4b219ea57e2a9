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
local errors = require "moontide.error"
local show = require "moontide.table.type_text"

local M = {}

-- ---- building -------------------------------------------------------------------------

--- Position of a column by name, or nil.
function M.position(definition, name)
    for i, column in ipairs(definition.columns) do
        if column.name == name then
            return i
        end
    end
    return nil
end

--- Names of columns, for messages and suggestions.
function M.names(columns)
    local names = {}
    for i, column in ipairs(columns) do
        names[i] = column.name
    end
    return names
end

--- The column of that name; raises with the nearest name.
local function need_column(definition, name, what, pos, report)
    local i = M.position(definition, name)
    if not i then
        local near = errors.nearest(name, M.names(definition.columns))
        report(pos, ("%s: the table has no column '%s'%s"):format(what, name,
            near and (", did you mean '%s'?"):format(near) or ""))
    end
    return definition.columns[i], i
end

local function column_of_element(element)
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
local function place_of(definition, element, report)
    if element.first then
        return 1
    elseif element.after then
        local _, i = need_column(definition, element.after, "AFTER", element.pos, report)
        return i + 1
    end
    return nil
end

local add = {}

function add.column(definition, element, report)
    if M.position(definition, element.name) then
        report(element.pos, ("column '%s' stands twice"):format(element.name))
    end
    local at = place_of(definition, element, report) or #definition.columns + 1
    table.insert(definition.columns, at, column_of_element(element))
end

function add.watermark(definition, element, report)
    if definition.watermark then
        report(element.pos, "a table has one WATERMARK, this is the second")
    end
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
        local column, i = need_column(definition, name, "PRIMARY KEY", key.pos, report)
        if column.kind ~= "physical" then
            report(key.pos, ("PRIMARY KEY: column '%s' is %s, a key has physical columns only"):format(name,
                column.kind == "metadata" and "metadata" or "computed"))
        elseif seen[name] then
            report(key.pos, ("PRIMARY KEY: column '%s' stands twice"):format(name))
        end
        seen[name] = true
        -- A key makes its columns NOT NULL.
        if column.type.nulls then
            local copy = M.copy_column(column)
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
    local column = need_column(definition, watermark.path[1], "WATERMARK", watermark.pos, report)
    local t = column.type
    if #watermark.path == 1 and t and not ((t.kind == "TIMESTAMP" or t.kind == "TIMESTAMP_LTZ")
        and t.precision <= 3) then
        report(watermark.pos, ("WATERMARK: column '%s' must be TIMESTAMP(3) or TIMESTAMP_LTZ(3), is %s"):format(
            column.name, show.summary(t)))
    end
end

local function check_partitions(definition, report)
    local seen = {}
    for _, name in ipairs(definition.partition_keys) do
        local column = need_column(definition, name, "PARTITIONED BY", definition.pos, report)
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

local function copy_list(list)
    local copy = {}
    for i, item in ipairs(list) do
        copy[i] = item
    end
    return copy
end

function M.copy_column(column)
    local copy = {}
    for key, value in pairs(column) do
        copy[key] = value
    end
    return copy
end

--- A copy whose lists may be changed.
function M.copy(definition)
    local copy = M.copy_column(definition)
    copy.columns = copy_list(definition.columns)
    copy.partition_keys = copy_list(definition.partition_keys)
    copy.options = copy_list(definition.options)
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
    GENERATED = "INCLUDING", METADATA = "INCLUDING", WATERMARKS = "INCLUDING", OPTIONS = "OVERWRITING",
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
        own[element.kind == "column" and element.name or ""] = element
    end
    for _, column in ipairs(other.columns) do
        local rule = rules[RULE_OF_KIND[column.kind] or ""] or "INCLUDING"
        local overwritten = own[column.name] and rule == "OVERWRITING" and column.kind ~= "physical"
        if rule ~= "EXCLUDING" and not overwritten then
            table.insert(definition.columns, column)
        end
    end
end

local function like_options(definition, other, rule, report)
    if rule == "EXCLUDING" then
        return
    end
    local options = copy_list(other.options)
    for _, pair in ipairs(definition.options) do
        if rule == "INCLUDING" and M.option(other, pair[1]) then
            report(pair.pos, ("option '%s' stands in both tables: write OVERWRITING OPTIONS"):format(pair[1]))
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
    if rules.WATERMARKS ~= "EXCLUDING" and not (rules.WATERMARKS == "OVERWRITING" and has.watermark) then
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
        comment = statement.comment, options = copy_list(statement.options), pos = statement.pos,
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

-- ---- ALTER TABLE -----------------------------------------------------------------------------

local alter = {}

function alter.set(definition, action)
    for _, pair in ipairs(action.options) do
        M.set_option(definition.options, pair[1], pair[2])
    end
end

function alter.reset(definition, action, report)
    local kept = {}
    for _, key in ipairs(action.keys) do
        if key == "connector" or key == "connector.type" then
            report(nil, ("option '%s' can't be reset: a table needs a connector"):format(key))
        end
    end
    for _, pair in ipairs(definition.options) do
        local dropped = false
        for _, key in ipairs(action.keys) do
            dropped = dropped or key == pair[1]
        end
        kept[#kept + 1] = not dropped and pair or nil
    end
    definition.options = kept
end

function alter.add(definition, action, report)
    for _, element in ipairs(action.elements) do
        add[element.kind](definition, element, report)
    end
end

function alter.modify(definition, action, report)
    for _, element in ipairs(action.elements) do
        if element.kind == "column" then
            local _, i = need_column(definition, element.name, "MODIFY", element.pos, report)
            local column = table.remove(definition.columns, i)
            local at = place_of(definition, element, report) or i
            local new = column_of_element(element)
            new.comment = new.comment or column.comment
            table.insert(definition.columns, at, new)
        else
            if not definition[element.kind] then
                report(element.pos, ("MODIFY: the table has no %s, write ADD"):format(
                    element.kind == "watermark" and "WATERMARK" or "PRIMARY KEY"))
            end
            definition[element.kind] = nil
            add[element.kind](definition, element, report)
        end
    end
end

--- What needs a column, as a word; nil when nothing does.
local function user_of(definition, name)
    for _, column in ipairs(definition.primary_key and definition.primary_key.columns or {}) do
        if column == name then
            return "the PRIMARY KEY"
        end
    end
    for _, column in ipairs(definition.partition_keys) do
        if column == name then
            return "PARTITIONED BY"
        end
    end
    local found
    local function look(who)
        return function(node)
            if node.kind == "column" and node.path[1] == name then
                found = who
            end
        end
    end
    if definition.watermark then
        found = definition.watermark.path[1] == name and "the WATERMARK" or found
        ast.walk(definition.watermark.expr, look "the WATERMARK")
    end
    for _, column in ipairs(definition.columns) do
        if column.expr and column.name ~= name then
            ast.walk(column.expr, look("column '" .. column.name .. "'"))
        end
    end
    return found
end

function alter.drop_columns(definition, action, report)
    local doomed = {}
    for _, name in ipairs(action.names) do
        need_column(definition, name, "DROP", action.pos, report)
        doomed[name] = true
    end
    local kept = {}
    for _, column in ipairs(definition.columns) do
        if not doomed[column.name] then
            kept[#kept + 1] = column
        end
    end
    definition.columns = kept
    if #kept == 0 then
        report(action.pos, "a table needs at least one column")
    end
    for _, name in ipairs(action.names) do
        local user = user_of(definition, name)
        if user then
            report(action.pos, ("column '%s' can't be dropped: %s needs it"):format(name, user))
        end
    end
end

function alter.rename_column(definition, action, report)
    local column, i = need_column(definition, action.from, "RENAME", action.pos, report)
    if M.position(definition, action.to) then
        report(action.pos, ("column '%s' exists already"):format(action.to))
    end
    local user = user_of(definition, action.from)
    if user and user ~= "the PRIMARY KEY" then
        report(action.pos, ("column '%s' can't be renamed: %s needs it"):format(action.from, user))
    elseif user then
        local key = { name = definition.primary_key.name, columns = {} }
        for k, name in ipairs(definition.primary_key.columns) do
            key.columns[k] = name == action.from and action.to or name
        end
        definition.primary_key = key
    end
    local copy = M.copy_column(column)
    copy.name = action.to
    definition.columns[i] = copy
end

function alter.drop_primary_key(definition, _, report)
    if not definition.primary_key then
        report(nil, "the table has no PRIMARY KEY")
    end
    definition.primary_key = nil
end

function alter.drop_constraint(definition, action, report)
    if not definition.primary_key or definition.primary_key.name ~= action.name then
        report(action.pos, ("the table has no constraint '%s'"):format(action.name))
    end
    definition.primary_key = nil
end

function alter.drop_watermark(definition, _, report)
    if not definition.watermark then
        report(nil, "the table has no WATERMARK")
    end
    definition.watermark = nil
end

--- The table that an action of ALTER TABLE makes of another; the other stays.
function M.altered(definition, action, report)
    local copy = M.copy(definition)
    alter[action.kind](copy, action, report)
    return M.check(copy, report)
end

-- ---- what readers and writers see ---------------------------------------------------------------

--- Columns that a query sees; all but none.
function M.readable(definition)
    return definition.columns
end

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

-- ---- text ---------------------------------------------------------------------------------------

local function column_line(column)
    local parts = { ast.quote(column.name) }
    if column.kind == "computed" then
        parts[2] = "AS " .. ast.expression_text(column.expr)
    else
        parts[2] = tostring(column.type)
    end
    if column.kind == "metadata" then
        parts[#parts + 1] = "METADATA"
        parts[#parts + 1] = column.explicit_key and "FROM " .. ast.string_text(column.explicit_key) or nil
        parts[#parts + 1] = column.virtual and "VIRTUAL" or nil
    end
    parts[#parts + 1] = column.comment and "COMMENT " .. ast.string_text(column.comment) or nil
    return table.concat(parts, " ")
end

local function quoted_list(names)
    local quoted = {}
    for i, name in ipairs(names) do
        quoted[i] = ast.quote(name)
    end
    return table.concat(quoted, ", ")
end

--- Options as WITH writes them.
function M.options_text(options)
    local lines = {}
    for i, pair in ipairs(options) do
        lines[i] = ("  %s = %s"):format(ast.string_text(pair[1]), ast.string_text(pair[2]))
    end
    return "WITH (\n" .. table.concat(lines, ",\n") .. "\n)"
end

--- The statement that declares the object again.
-- @tparam table definition
-- @tparam table path its full path
-- @tparam[opt] boolean temporary
-- @treturn string
function M.create_text(definition, path, temporary)
    local head = "CREATE " .. (temporary and "TEMPORARY " or "")
    if definition.kind == "view" then
        local columns = definition.columns and " (" .. quoted_list(definition.columns) .. ")" or ""
        return ("%sVIEW %s%s%s AS\n%s"):format(head, ast.path_text(path), columns,
            definition.comment and " COMMENT " .. ast.string_text(definition.comment) or "", definition.text)
    end
    local lines = {}
    for i, column in ipairs(definition.columns) do
        lines[i] = "  " .. column_line(column)
    end
    if definition.watermark then
        lines[#lines + 1] = ("  WATERMARK FOR %s AS %s"):format(ast.path_text(definition.watermark.path),
            ast.expression_text(definition.watermark.expr))
    end
    local key = definition.primary_key
    if key then
        lines[#lines + 1] = ("  CONSTRAINT %s PRIMARY KEY (%s) NOT ENFORCED"):format(ast.quote(key.name),
            quoted_list(key.columns))
    end
    local text = { ("%sTABLE %s (\n%s\n)"):format(head, ast.path_text(path), table.concat(lines, ",\n")) }
    text[#text + 1] = definition.comment and "COMMENT " .. ast.string_text(definition.comment) or nil
    text[#text + 1] = #definition.partition_keys > 0
        and "PARTITIONED BY (" .. quoted_list(definition.partition_keys) .. ")" or nil
    text[#text + 1] = #definition.options > 0 and M.options_text(definition.options) or nil
    return table.concat(text, "\n") .. "\n"
end

return M
