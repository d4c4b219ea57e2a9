--- The functions of SQL as the Table API spells them: methods of expressions and
-- functions of `moontide.table.expressions`.
--
-- Most have one spelling there and another in SQL and nothing else to say, so
-- they stand in tables; those with a syntax of their own have a function each.
-- All make nodes of the tree that SQL text becomes (`moontide.sql.ast`), so what
-- they take and give is said once, in the function library (`docs/sql.md`).
-- @module moontide.table.expression_library
local args = require "moontide.args"
local ast = require "moontide.sql.ast"
local errors = require "moontide.error"
local literals = require "moontide.sql.literals"
local logical = require "moontide.logical"
local types = require "moontide.types"

-- Method, then SQL's name where it isn't the method's in upper case. The
-- expression is the first argument.
local METHODS = [[
    exp log10 log2 ln sin cos tan cot asin acos atan sinh cosh tanh degrees radians sqrt abs
    sign round truncate bin hex unhex power
    char_length upper_case=UPPER lower_case=LOWER init_cap=INITCAP lpad rpad ltrim rtrim btrim
    replace regexp_replace regexp_extract from_base64 to_base64 repeat_=REPEAT repeat=REPEAT
    substr substring regexp ascii chr decode encode left right instr locate parse_url reverse
    split_index str_to_map split elt printf starts_with=STARTSWITH ends_with=ENDSWITH translate
    regexp_count regexp_extract_all regexp_instr regexp_substr url_decode url_encode concat
    md5 sha1 sha224 sha256 sha384 sha512 sha2
    json_quote json_unquote
    if_null=IFNULL
    cardinality element array_contains array_distinct array_position array_remove array_reverse
    array_slice array_union array_concat array_max array_min array_join map_keys map_values
    map_entries array_append array_prepend array_sort array_except array_intersect map_union
    sum sum0 min max count avg stddev_pop stddev_samp var_pop var_samp collect first_value
    last_value list_agg=LISTAGG array_agg percentile]]

-- Functions of the module, likewise.
local FUNCTIONS = [[
    date_format pi e rand rand_integer atan2 power concat concat_ws uuid to_timestamp_ltz
    current_watermark source_watermark coalesce json_string current_database from_unixtime
    to_date to_timestamp convert_tz unix_timestamp map_from_arrays json lag lead greatest least
    current_row_timestamp proctime now typeof]]

-- Functions that SQL writes without parentheses.
local BARE = [[current_date current_time current_timestamp local_time=LOCALTIME
    local_timestamp=LOCALTIMESTAMP]]

--- Names and SQL's names of a list as above.
local function each(list)
    return coroutine.wrap(function()
        for word in list:gmatch "%S+" do
            local name, sql = word:match "^([^=]+)=?(.*)$"
            coroutine.yield(name, sql ~= "" and sql or name:upper())
        end
    end)
end

--- A word such as DAY as an argument.
local function word(value)
    return { kind = "literal", type = literals.string(value), value = value, word = true }
end

local function unit_word(method, at, unit)
    if type(unit) ~= "string" then
        args.bad(at, method, "a unit of time such as 'DAY' expected, got " .. args.type_name(unit))
    end
    return word(unit:upper())
end

local function is_number_literal(node)
    return node.kind == "literal" and node.type.kind ~= "DOUBLE" and type(node.value) == "string"
        and node.value:find "^%-?%d+$" ~= nil
end

--- Adds all of it to the module and its class.
-- @tparam table M `moontide.table.expressions`
-- @tparam function wrap makes an expression of a node
return function(M, wrap)
    local Expression = M.Expression

    local function nodes_of(first, ...)
        local nodes, n = { first }, first and 1 or 0
        for i = 1, select("#", ...) do
            nodes[n + i] = M.node((select(i, ...)))
        end
        return nodes
    end

    local function call(name, nodes, more)
        local node = more or {}
        node.kind, node.name, node.args = "call", name, nodes
        return wrap(node)
    end

    for name, sql in each(METHODS) do
        Expression[name] = function(self, ...)
            return call(sql, nodes_of(self.tree, ...))
        end
    end
    for name, sql in each(FUNCTIONS) do
        M[name] = function(...)
            return call(sql, nodes_of(nil, ...))
        end
    end
    for name, sql in each(BARE) do
        M[name] = function()
            return call(sql, {}, { bare = true })
        end
    end

    -- ---- conditions ---------------------------------------------------------------

    local function between(self, negated, low, high)
        local node = ast.op(nil, "BETWEEN", self.tree, M.node(low), M.node(high))
        node.negated = negated
        return wrap(node)
    end

    --- Within bounds, both included.
    function Expression:between(low, high)
        return between(self, nil, low, high)
    end

    function Expression:not_between(low, high)
        return between(self, true, low, high)
    end

    --- One of some values.
    -- @param ... values or expressions, or one sequence of them
    -- @usage t:where(col("a"):in_(1, 2, 3))
    function Expression:in_(...)
        local node = ast.op(nil, "IN", self.tree)
        for _, value in ipairs(args.list("in_", args.is_given, ...)) do
            node.args[#node.args + 1] = M.node(value)
        end
        return wrap(node)
    end

    --- The text has the shape of a pattern: LIKE's `%` and `_`, SIMILAR TO's
    -- regular expression.
    function Expression:like(pattern)
        return wrap(ast.op(nil, "LIKE", self.tree, M.node(pattern)))
    end

    function Expression:similar(pattern)
        return wrap(ast.op(nil, "SIMILAR TO", self.tree, M.node(pattern)))
    end

    --- One value where the condition holds, another where it doesn't.
    -- @usage col("a"):gt(10):then_("large", "small")
    function Expression:then_(yes, no)
        return wrap { kind = "case", whens = { { self.tree, M.node(yes) } },
            otherwise = M.node(no) }
    end

    Expression["then"] = Expression.then_

    --- `if_then_else(condition, a, b)`.
    function M.if_then_else(condition, yes, no)
        return wrap { kind = "case", whens = { { M.node(condition), M.node(yes) } },
            otherwise = M.node(no) }
    end

    --- Do two periods overlap? Each is two points in time, or one and an interval.
    function M.temporal_overlaps(t1, p1, t2, p2)
        return wrap(ast.op(nil, "OVERLAPS", call("ROW", nodes_of(nil, t1, p1)).tree,
            call("ROW", nodes_of(nil, t2, p2)).tree))
    end

    --- Is the text JSON?
    -- @param[opt="VALUE"] what VALUE, SCALAR, ARRAY or OBJECT
    function Expression:is_json(what)
        what = what and unit_word("is_json", 1, what).value or "VALUE"
        return wrap(ast.op(nil, "IS JSON " .. what, self.tree))
    end

    -- ---- text ---------------------------------------------------------------------

    --- Without blanks, or without another text, on both sides or one.
    local function trim(side)
        return function(self, what)
            return call("TRIM", { word(side), M.node(what or " "), self.tree })
        end
    end
    Expression.trim = trim "BOTH"
    Expression.trim_leading, Expression.trim_trailing = trim "LEADING", trim "TRAILING"

    --- Where this text first stands in another, from 1; 0 where it doesn't.
    function Expression:position(haystack)
        return call("POSITION", { self.tree, M.node(haystack) })
    end

    --- With another text put over it from a position on.
    function Expression:overlay(new, start, length)
        return call("OVERLAY", nodes_of(self.tree, new, start, unpack({ length }, 1,
            length ~= nil and 1 or 0)))
    end

    --- Logarithm: natural without a base.
    function Expression:log(base)
        return call("LOG", base ~= nil and { M.node(base), self.tree } or { self.tree })
    end

    function M.log(value, base)
        return wrap(M.node(value)):log(base)
    end

    function M.negative(value)
        return -wrap(M.node(value))
    end

    -- ---- time ---------------------------------------------------------------------

    --- A part of a date or time.
    -- @usage col("ts"):extract("HOUR")
    function Expression:extract(unit)
        return call("EXTRACT", { unit_word("extract", 1, unit), self.tree })
    end

    --- Rounded down or up: to a whole number, or to a unit of time.
    local function round_to(name)
        return function(self, unit)
            return call(name, { self.tree, unit and unit_word(name:lower(), 1, unit) or nil })
        end
    end
    Expression.floor, Expression.ceil = round_to "FLOOR", round_to "CEIL"

    for name, type_name in pairs { to_date = "DATE", to_time = "TIME(0)",
        to_timestamp = "TIMESTAMP(3)" } do
        Expression[name] = function(self)
            return self:cast(logical.parse(type_name))
        end
    end

    --- How many units lie between two points in time.
    function M.timestamp_diff(unit, from, to)
        return call("TIMESTAMPDIFF", { unit_word("timestamp_diff", 1, unit), M.node(from),
            M.node(to) })
    end

    -- Methods that make intervals: unit of the literal and how many of it.
    local INTERVALS = {
        year = { "YEAR", 1 }, quarter = { "MONTH", 3 }, month = { "MONTH", 1 },
        week = { "DAY", 7 }, day = { "DAY", 1 }, hour = { "HOUR", 1 }, minute = { "MINUTE", 1 },
        second = { "SECOND", 1 },
    }

    local function interval(value, unit)
        local negative = value:find "^%-" and true or nil
        return { kind = "interval", value = value:gsub("^%-", ""), negative = negative,
            from = unit, type = (literals.interval(value, unit)) }
    end

    for name, of in pairs(INTERVALS) do
        local unit, times = of[1], of[2]
        Expression[name] = function(self)
            local node = self.tree
            if is_number_literal(node) then
                return wrap(interval(("%d"):format(tonumber(node.value) * times), unit))
            end
            return wrap(ast.op(nil, "*", interval(tostring(times), unit), node))
        end
        Expression[name .. "s"] = Expression[name]
    end

    --- Thousandths of a second.
    function Expression:milli()
        if not is_number_literal(self.tree) then
            return wrap(ast.op(nil, "*", interval("0.001", "SECOND"), self.tree))
        end
        local ms = tonumber(self.tree.value)
        return wrap(interval(("%s%d.%03d"):format(ms < 0 and "-" or "",
            math.floor(math.abs(ms) / 1000), math.abs(ms) % 1000), "SECOND"))
    end
    Expression.millis = Expression.milli

    -- ---- nested values --------------------------------------------------------------

    --- A field of a row by name or by position, from 1.
    function Expression:get(field)
        if type(field) ~= "number" and type(field) ~= "string" then
            args.bad(1, "get", "a field's name or position expected, got "
                .. args.type_name(field))
        end
        return wrap { kind = "field", arg = self.tree, name = field }
    end

    --- An element of an array by position, from 1, or of a map by key.
    function Expression:at(key)
        return wrap { kind = "index", arg = self.tree, at = M.node(key) }
    end

    --- All fields of a row as columns.
    function Expression:flatten()
        if self.tree.kind ~= "column" then
            errors.raise("MISUSE", "flatten() is for a column: col('a'):flatten()")
        end
        return wrap { kind = "star", path = self.tree.path }
    end

    --- `array(1, 2)`, `row(1, "a")`, `map_("k", 1)`.
    function M.array(...)
        return call("ARRAY", nodes_of(nil, ...), { brackets = true })
    end

    function M.row(...)
        return call("ROW", nodes_of(nil, ...))
    end

    function M.map_(...)
        if select("#", ...) % 2 == 1 then
            errors.raise("MISUSE", "map_ takes a value for each key")
        end
        return call("MAP", nodes_of(nil, ...), { brackets = true })
    end

    -- ---- JSON -----------------------------------------------------------------------

    --- Adds "NULL ON EMPTY" or "DEFAULT x ON ERROR".
    local function on_clause(clauses, behaviour, default, on)
        if behaviour == nil then
            return
        end
        local words = tostring(behaviour):upper():gsub("_", " ")
        clauses[#clauses + 1] = { words = words, on = on,
            expr = words == "DEFAULT" and M.node(default) or nil }
    end

    --- Is there something at the path?
    function Expression:json_exists(path, on_error)
        local clauses = {}
        on_clause(clauses, on_error, nil, "ERROR")
        return call("JSON_EXISTS", nodes_of(self.tree, path), { clauses = clauses })
    end

    --- The scalar at the path.
    -- @param path
    -- @param[opt] returning_type STRING unless given
    -- @param[opt] on_empty NULL, ERROR or DEFAULT
    -- @param[opt] default_on_empty
    -- @param[opt] on_error
    -- @param[opt] default_on_error
    function Expression:json_value(path, returning_type, on_empty, default_on_empty, on_error,
        default_on_error)
        local clauses = {}
        if returning_type then
            clauses[1] = { words = "RETURNING", type = types.of(returning_type) }
        end
        on_clause(clauses, on_empty, default_on_empty, "EMPTY")
        on_clause(clauses, on_error, default_on_error, "ERROR")
        return call("JSON_VALUE", nodes_of(self.tree, path), { clauses = clauses })
    end

    --- The object or array at the path, as text.
    function Expression:json_query(path, wrapper, on_empty, on_error)
        local clauses = {}
        if wrapper then
            clauses[1] = { words = (tostring(wrapper):upper():gsub("_", " ")
                :gsub(" ARRAY$", ""):gsub(" ARRAY ", " ")) .. " WRAPPER" }
        end
        on_clause(clauses, on_empty, nil, "EMPTY")
        on_clause(clauses, on_error, nil, "ERROR")
        return call("JSON_QUERY", nodes_of(self.tree, path), { clauses = clauses })
    end

    --- Objects of keys and values in turn, and arrays, as JSON text.
    -- @param on_null what becomes of NULLs: NULL or ABSENT
    function M.json_object(on_null, ...)
        return call("JSON_OBJECT", nodes_of(nil, ...),
            { clauses = { { words = tostring(on_null or "NULL"):upper(), on = "NULL" } } })
    end

    function M.json_array(on_null, ...)
        return call("JSON_ARRAY", nodes_of(nil, ...),
            { clauses = { { words = tostring(on_null or "ABSENT"):upper(), on = "NULL" } } })
    end

    -- ---- columns of the table at hand -----------------------------------------------

    -- Positions are numbers, names text or expressions.
    local function chosen(method, ...)
        local nodes = {}
        for i = 1, select("#", ...) do
            local value = select(i, ...)
            nodes[i] = type(value) == "number" and M.node(value) or M.nodes(method, value)[1]
        end
        return nodes
    end

    --- All columns; some; all but some. Only in a table's `select`.
    -- @usage t:select(with_columns(range_("b", "d")))
    function M.with_all_columns()
        return wrap { kind = "star" }
    end

    function M.with_columns(...)
        return wrap { kind = "columns", args = chosen("with_columns", ...) }
    end

    function M.without_columns(...)
        return wrap { kind = "columns", args = chosen("without_columns", ...), without = true }
    end

    --- Columns from one to another, by name or by position from 1.
    function M.range_(from, to)
        return wrap { kind = "range", from = from, to = to }
    end

    --- An expression in SQL's spelling.
    function M.call_sql(text)
        if type(text) ~= "string" then
            args.bad(1, "call_sql", "string expected, got " .. args.type_name(text))
        end
        return wrap(require("moontide.sql.parser").expression(text))
    end

    --- A count of rows for windows over rows.
    function M.row_interval()
        return errors.unsupported "expressions.row_interval"
    end

    for _, name in ipairs { "json_object_agg", "json_array_agg" } do
        M[name] = function(_, ...)
            return call((name:upper():gsub("_AGG", "AGG")), nodes_of(nil, ...))
        end
    end
end
