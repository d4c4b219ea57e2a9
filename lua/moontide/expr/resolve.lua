--- From what was written to typed expressions: finds what names mean, infers
-- types, puts the casts in, and refuses what can't be.
--
-- A resolver serves one place of a statement. What it needs of its surroundings:
--
--     scope      where columns come from; nil where there are none. It has
--                `columns` (sequence of { name, type, hidden }), and optionally
--                `tables` (sequence of { alias, path, from, to }: columns from..to
--                may be qualified so)
--     statement  the text that positions are of, for errors; may be nil
--     functions  function(path): the user's function of that name, or nil
--     library    `moontide.expr.library` unless given
--     session    database, catalog: names of the current ones
--
-- One node may stand in a tree more than once (x BETWEEN a AND b compares one x
-- twice): it is computed once.
-- @module moontide.expr.resolve
local literals = require "moontide.expr.literal"
local logical = require "moontide.logical"
local problem = require "moontide.sql.problem"
local signatures = require "moontide.expr.signature"
local type_text = require "moontide.table.type_text"
local typing = require "moontide.expr.typing"

local Resolver = {}
Resolver.__index = Resolver

local M = {}

local BOOLEAN, INT = logical.scalar "BOOLEAN", logical.scalar "INT"
local STRING = logical.scalar("VARCHAR", logical.MAX_LENGTH)

--- A resolver.
-- @tparam table options `scope`, `statement`, `functions`, `library`, `session`
function M.new(options)
    local statement = options.statement
    return setmetatable({
        scope = options.scope,
        text = type(statement) == "table" and statement.text or statement,
        functions = options.functions,
        library = options.library,
        session = options.session or {},
    }, Resolver)
end

--- Raises an error about byte `pos`; `more` stands behind line and caret.
function Resolver:fail(pos, message, more)
    return problem.raise(self.text, pos, message, nil, more)
end

function Resolver:unsupported(pos, name)
    return problem.unsupported(self.text, pos, name)
end

--- The library, loaded when first needed.
function Resolver:functions_library()
    self.library = self.library or require "moontide.expr.library"
    return self.library
end

-- ---- nodes ----------------------------------------------------------------------------

--- A call that is all done: arguments have the types they must have.
local function call(fn, type, args, pos, option)
    return { kind = "call", fn = fn, type = type, args = args, pos = pos, option = option }
end
M.call = call

local function types_of(args)
    local types = {}
    for i, arg in ipairs(args) do
        types[i] = arg.type
    end
    return types
end

local function boolean(args)
    return typing.any_nulls(types_of(args)) and BOOLEAN or BOOLEAN:not_null()
end

--- An expression as a type, by an implicit cast where one is needed.
-- @tparam table expr
-- @param t the type; its nullability doesn't count
-- @treturn table
function M.cast_to(expr, t)
    if expr.kind == "literal" then
        local as = literals.as(expr, t)
        if as then
            return as
        end
    end
    if typing.alike(expr.type, t) then
        return expr
    end
    return call("CAST", typing.with_nulls(t, expr.type.nulls), { expr }, expr.pos)
end

--- Several expressions as the types that go with them.
local function cast_all(args, types)
    local cast = {}
    for i, arg in ipairs(args) do
        cast[i] = types[i] and M.cast_to(arg, types[i]) or arg
    end
    return cast
end

--- How messages name types.
local function shown(t)
    return type_text.without_null(t)
end

local shown_types = type_text.types

-- ---- columns ----------------------------------------------------------------------------

-- A message names so many columns at most.
local COLUMNS_SHOWN = 20

--- "a INT, b STRING, ...".
local function candidates(columns)
    local parts = {}
    for _, column in ipairs(columns) do
        if #parts == COLUMNS_SHOWN then
            parts[#parts + 1] = "..."
            break
        end
        parts[#parts + 1] = not column.hidden and column.name .. " " .. shown(column.type) or nil
    end
    return table.concat(parts, ", ")
end

local function unknown_column(self, pos, name, columns, what)
    return self:fail(pos, ("column '%s' does not exist%s%s (columns: %s)"):format(name, what or "",
        problem.hint(name, logical.names(columns)), candidates(columns)))
end

--- Do the first `len` names of a path mean that table?
function M.qualifies(tbl, path, len)
    if len == 1 and path[1] == tbl.alias then
        return true
    end
    local full = tbl.path or {}
    for i = 1, len do
        if path[i] ~= full[#full - len + i] then
            return false
        end
    end
    return len > 0 and len <= #full
end

--- The table that the beginning of a path means, and how many names that takes;
-- the last name is never among them.
local function table_of(scope, path)
    for len = math.min(3, #path - 1), 1, -1 do
        for _, tbl in ipairs(scope.tables or {}) do
            if M.qualifies(tbl, path, len) then
                return tbl, len
            end
        end
    end
    return nil, 0
end

--- Names of the tables of a scope.
local function aliases(scope)
    local names = {}
    for i, tbl in ipairs(scope.tables or {}) do
        names[i] = tbl.alias
    end
    return names
end
M.aliases = aliases

--- Position of the column of that name among columns from..to; an error when
-- two have it.
local function position(self, node, name, from, to)
    local found
    for i = from, to do
        local column = self.scope.columns[i]
        if column.name == name and not column.hidden then
            if found then
                self:fail(node.pos,
                    ("column '%s' stands in more than one table: write t.%s"):format(name, name))
            end
            found = i
        end
    end
    return found
end

local function part(columns, from, to)
    local some = {}
    for i = from, to do
        some[#some + 1] = columns[i]
    end
    return some
end

--- What a path's first names mean.
-- @treturn number the column's position
-- @treturn number how many names were taken
local function column_of(self, node)
    local scope, path = self.scope, node.path
    local tbl, len = table_of(scope, path)
    if tbl then
        local name = path[len + 1]
        local at = position(self, node, name, tbl.from, tbl.to)
        if not at then
            unknown_column(self, node.pos, name, part(scope.columns, tbl.from, tbl.to),
                (" in '%s'"):format(tbl.alias))
        end
        return at, len + 1
    end
    local at = position(self, node, path[1], 1, #scope.columns)
    if at then
        return at, 1
    elseif #path > 1 and #aliases(scope) > 0 then
        return self:fail(node.pos, ("table '%s' is not in FROM%s"):format(path[#path - 1],
            problem.hint(path[#path - 1], aliases(scope))))
    end
    return unknown_column(self, node.pos, path[1], scope.columns)
end

--- A field of a ROW.
local function field(self, arg, name, pos)
    local t = arg.type
    if t.kind ~= "ROW" then
        self:fail(pos, ("'%s' can't be taken out of %s: only a ROW has fields"):format(name,
            shown(t)))
    end
    -- The Table API also takes a field by its position.
    local at = type(name) == "number" and t.fields[name] and name or t.positions[name]
    if not at then
        name = tostring(name)
        unknown_column(self, pos, name, t.fields, " in this ROW")
    end
    local of = t.fields[at].type
    return call("FIELD", typing.with_nulls(of, of.nulls or t.nulls), { arg }, pos, tostring(at))
end
M.field = field

local resolve = {}

function resolve.column(self, node)
    if not self.scope then
        return self:fail(node.pos,
            ("column '%s' does not exist: there is no FROM"):format(node.path[1]))
    end
    local at, taken = column_of(self, node)
    local expr = { kind = "input", index = at, type = self.scope.columns[at].type, pos = node.pos }
    for i = taken + 1, #node.path do
        expr = field(self, expr, node.path[i], node.pos)
    end
    return expr
end

function resolve.field(self, node)
    return field(self, self:expression(node.arg), node.name, node.pos)
end

--- arr[i], map[key], row[i].
function resolve.index(self, node)
    local arg, at = self:expression(node.arg), self:expression(node.at)
    local t = arg.type
    if t.kind == "ARRAY" then
        if not typing.INTEGERS[at.type.kind] and at.type.kind ~= "NULL" then
            self:fail(node.pos, ("the elements of an ARRAY are numbered from 1, [%s] is no number")
                :format(shown(at.type)))
        elseif literals.is_value(at) and tonumber(at.value) < 1 then
            self:fail(node.pos, ("the elements of an ARRAY are numbered from 1, there is no [%s]")
                :format(at.value))
        end
        return call("ITEM", t.element:nullable(), { arg, M.cast_to(at, INT) }, node.pos)
    elseif t.kind == "MAP" then
        if not typing.implicit(at.type, t.key) and not typing.alike(at.type, t.key) then
            self:fail(node.pos, ("the keys of this MAP are %s, not %s"):format(shown(t.key),
                shown(at.type)))
        end
        return call("ITEM", t.value:nullable(), { arg, M.cast_to(at, t.key) }, node.pos)
    elseif t.kind == "ROW" and literals.is_value(at) then
        local name = typing.INTEGERS[at.type.kind] and t.fields[tonumber(at.value)]
        return field(self, arg, name and name.name or at.value, node.pos)
    end
    return self:fail(node.pos, ("only an ARRAY or a MAP has elements, this is %s"):format(
        shown(t)))
end

-- ---- literals ---------------------------------------------------------------------------

function resolve.literal(_, node)
    return literals.of(node)
end

function resolve.interval(_, node)
    return literals.interval(node)
end

-- ---- calls ------------------------------------------------------------------------------

local AGGREGATES = {}
for name in ([[COUNT SUM SUM0 AVG MIN MAX STDDEV_POP STDDEV_SAMP VAR_POP VAR_SAMP VARIANCE COLLECT
    FIRST_VALUE LAST_VALUE LISTAGG ARRAY_AGG PERCENTILE JSON_OBJECTAGG JSON_ARRAYAGG]])
    :gmatch "%S+" do
    AGGREGATES[name] = "the aggregate function "
end
for name in ([[RANK DENSE_RANK ROW_NUMBER LEAD LAG NTILE CUME_DIST PERCENT_RANK GROUPING GROUP_ID
    GROUPING_ID TUMBLE HOP SESSION CUMULATE TUMBLE_START TUMBLE_END TUMBLE_ROWTIME TUMBLE_PROCTIME
    HOP_START HOP_END HOP_ROWTIME HOP_PROCTIME SESSION_START SESSION_END SESSION_ROWTIME
    SESSION_PROCTIME MATCH_ROWTIME MATCH_PROCTIME]]):gmatch "%S+" do
    AGGREGATES[name] = "the function "
end

local function unknown_function(self, node)
    local name = node.written or node.name
    if AGGREGATES[node.name] then
        self:unsupported(node.pos, AGGREGATES[node.name] .. node.name)
    end
    local near = problem.hint(node.name, self:functions_library().names())
    return self:fail(node.pos, ("function '%s' does not exist%s"):format(
        node.path and table.concat(node.path, ".") or name, near))
end

--- What is accepted, a line each.
local function accepted(entry)
    local lines = {}
    for i, text in ipairs(entry.signatures or {}) do
        lines[i] = "  " .. text
    end
    return #lines > 0 and "accepted:\n" .. table.concat(lines, "\n") or nil
end

local function wrong_arguments(self, entry, args, pos, message)
    return self:fail(pos, message
        or ("%s can't be called with (%s)"):format(entry.name, shown_types(types_of(args))),
        accepted(entry))
end

--- The call of an entry of the library.
-- @tparam table entry
-- @tparam table args typed
-- @tparam table node { pos, option, clauses }
function Resolver:entry_call(entry, args, node)
    local list, all = signatures.of(entry)
    local found = #list > 0 and signatures.best(list, types_of(args)) or nil
    if not found and (#list > 0 and all or not entry.infer) then
        wrong_arguments(self, entry, args, node.pos)
    end
    args = found and cast_all(args, found.types) or args
    local result, option = found and found.type, node.option or entry.option
    if entry.infer then
        local types, words
        result, types, words = entry.infer(args, { fn = entry.name, option = node.option,
            clauses = node.clauses, pos = node.pos, session = self.session })
        if not result then
            wrong_arguments(self, entry, args, node.pos, types)
        end
        args = type(types) == "table" and cast_all(args, types) or args
        option = words or option
    end
    local made = call(entry.name, result, args, node.pos, option)
    made.clauses = node.clauses
    return made
end

--- A call of the library by name, of arguments that are typed already.
function Resolver:apply(name, args, pos, option)
    local entry = self:functions_library().find(name)
    if not entry then
        return self:unsupported(pos, (name:find "^%w" and "the function " or "the operator ")
            .. name)
    end
    return self:entry_call(entry, args, { pos = pos, option = option })
end

--- The call of a user's function.
local function user_call(self, udf, node)
    if udf.kind == "table" then
        local name = node.written or udf.name
        self:fail(node.pos, ("'%s' is a table function: it stands in FROM, as LATERAL "
            .. "TABLE(%s(...))"):format(name, name))
    end
    return { kind = "udf", udf = udf, type = udf.result_type, pos = node.pos,
        args = self:user_arguments(udf, node) }
end

--- The arguments of a user's function, cast to the types that it declares.
function Resolver:user_arguments(udf, node)
    local args, types = self:expressions(node.args), udf.input_types
    if not types then
        return args
    end
    local name = node.written or udf.name or node.name
    if #args ~= #types then
        self:fail(node.pos, ("%s takes %d argument%s (%s), not %d"):format(name, #types,
            #types == 1 and "" or "s", shown_types(types), #args))
    end
    for i, arg in ipairs(args) do
        if not typing.implicit(arg.type, types[i]) then
            self:fail(arg.pos or node.pos, ("argument %d of %s must be %s, is %s"):format(i, name,
                shown(types[i]), shown(arg.type)), ("accepted:\n  %s(%s) %s"):format(name,
                shown_types(types), shown(udf.result_type)))
        end
    end
    return cast_all(args, types)
end

local function refuse_forms(self, node)
    if node.over then
        self:unsupported(node.pos, "OVER")
    elseif node.filter then
        self:unsupported(node.filter.pos, "FILTER (WHERE ...)")
    elseif node.distinct then
        self:unsupported(node.pos, node.name .. "(DISTINCT ...)")
    elseif node.args[1] and node.args[1].kind == "star" then
        self:unsupported(node.pos, node.name .. "(*)")
    end
end

--- Splits a call's arguments into expressions and words such as DAY.
local function words_and_args(node)
    local words, args = {}, {}
    for _, arg in ipairs(node.args) do
        if arg.word then
            words[#words + 1] = arg.value
        else
            args[#args + 1] = arg
        end
    end
    return #words > 0 and table.concat(words, " ") or nil, args
end

--- The clauses of JSON functions as words: "NULL ON EMPTY; RETURNING INT".
-- What they compute comes behind the other arguments.
local function clauses_of(self, node, args)
    if not node.clauses then
        return nil
    end
    local words = {}
    for i, clause in ipairs(node.clauses) do
        words[i] = clause.words .. (clause.type and " " .. tostring(clause.type) or "")
            .. (clause.on and " ON " .. clause.on or "")
        args[#args + 1] = clause.expr and self:expression(clause.expr)
    end
    return table.concat(words, "; ")
end

-- Functions that are forms of this language rather than entries of a library.
local forms = {}

function resolve.call(self, node)
    refuse_forms(self, node)
    local udf = node.udf or self.functions and self.functions(node.path or { node.written
        or node.name })
    if udf then
        return user_call(self, udf, node)
    elseif forms[node.name] and not node.path then
        return forms[node.name](self, node)
    end
    local entry = not node.path and self:functions_library().find(node.name)
    if not entry then
        return unknown_function(self, node)
    end
    local option, written = words_and_args(node)
    local args = self:expressions(written)
    local clauses = clauses_of(self, node, args)
    return self:entry_call(entry, args, { pos = node.pos, option = option or clauses,
        clauses = node.clauses })
end

--- ROW(a, b) and (a, b).
function forms.ROW(self, node)
    local args, fields = self:expressions(node.args), {}
    for i, arg in ipairs(args) do
        fields[i] = { name = "EXPR$" .. (i - 1), type = arg.type }
    end
    return call("ROW", logical.row(fields, { nulls = false }), args, node.pos)
end

--- The common type of expressions, or an error that names the odd one.
function Resolver:common(args, what, pos)
    local t = typing.common(types_of(args))
    if not t then
        self:fail(pos, ("%s have no common type: %s"):format(what, shown_types(types_of(args))))
    end
    return t
end

local function as_common(args, t)
    local cast = {}
    for i, arg in ipairs(args) do
        cast[i] = M.cast_to(arg, t)
    end
    return cast
end

function forms.ARRAY(self, node)
    local args = self:expressions(node.args)
    if #args == 0 then
        self:fail(node.pos, "ARRAY[] needs an element: of what type it is can't be known")
    end
    local t = self:common(args, "the elements of ARRAY[...]", node.pos)
    return call("ARRAY", logical.array(t, false), as_common(args, t), node.pos)
end

function forms.MAP(self, node)
    local args, keys, values = self:expressions(node.args), {}, {}
    if #args == 0 or #args % 2 == 1 then
        self:fail(node.pos, "MAP[...] takes a value for each key, and one pair at least")
    end
    for i, arg in ipairs(args) do
        local list = i % 2 == 1 and keys or values
        list[#list + 1] = arg
    end
    local key = self:common(keys, "the keys of MAP[...]", node.pos)
    local value = self:common(values, "the values of MAP[...]", node.pos)
    for i, arg in ipairs(args) do
        args[i] = M.cast_to(arg, i % 2 == 1 and key or value)
    end
    return call("MAP", logical.map(key, value, false), args, node.pos)
end

--- The watermark that a source itself gives: no value, see the analyzer.
function forms.SOURCE_WATERMARK(self, node)
    return self:fail(node.pos, "SOURCE_WATERMARK() stands alone in a WATERMARK")
end

function forms.CURRENT_DATABASE(self, node)
    local name = self.session.database or "default_database"
    return literals.new(STRING:not_null(), name, node.pos)
end

-- ---- CASE and casts ---------------------------------------------------------------------

--- An expression that must be BOOLEAN.
function Resolver:condition(node, what)
    local expr = self:expression(node)
    if expr.type.kind == "NULL" then
        return literals.null(BOOLEAN, expr.pos)
    elseif expr.type.kind ~= "BOOLEAN" then
        self:fail(node.pos or expr.pos, ("%s must be BOOLEAN, is %s"):format(what,
            shown(expr.type)))
    end
    return expr
end

function resolve.case(self, node)
    local args, results = {}, {}
    local operand = node.operand and self:expression(node.operand)
    for i, pair in ipairs(node.whens) do
        args[2 * i - 1] = operand and self:compare("=", operand, self:expression(pair[1]),
            pair[1].pos) or self:condition(pair[1], "WHEN")
        results[i] = self:expression(pair[2])
    end
    results[#results + 1] = node.otherwise and self:expression(node.otherwise)
        or literals.null(logical.scalar "NULL")
    local t = self:common(results, "the results of CASE", node.pos)
    for i, result in ipairs(as_common(results, t)) do
        args[i < #results and 2 * i or 2 * i - 1] = result
    end
    return call("CASE", t, args, node.pos)
end

--- ROW(a, b) with other names for its fields; nil when more than that is asked.
local function renamed_row(row, t)
    local fields = {}
    for i, given in ipairs(row.type.fields) do
        local wanted = t.fields[i].type
        if not logical.equal(given.type, wanted)
            and not (wanted.kind == "VARCHAR" and wanted.length == logical.MAX_LENGTH) then
            return nil
        end
        fields[i] = { name = t.fields[i].name, type = typing.with_nulls(wanted, given.type.nulls) }
    end
    return call("ROW", logical.row(fields, { nulls = false }), row.args, row.pos)
end

function resolve.cast(self, node)
    local arg = self:expression(node.arg)
    if not typing.castable(arg.type, node.type) then
        self:fail(node.pos, ("there is no CAST from %s to %s"):format(shown(arg.type),
            shown(node.type)))
    end
    local t = typing.with_nulls(node.type, arg.type.nulls or node.try or false)
    if arg.kind == "literal" and arg.value == nil then
        return literals.null(t, node.pos)
    elseif logical.equal(arg.type, node.type) then
        return arg
    elseif arg.kind == "call" and arg.fn == "ROW" and typing.alike(arg.type, node.type) then
        -- Only names of fields differ, or lengths of text where none is cut.
        return renamed_row(arg, node.type) or call("CAST", t, { arg }, node.pos)
    end
    return call(node.try and "TRY_CAST" or "CAST", t, { arg }, node.pos)
end

-- ---- operators --------------------------------------------------------------------------

--- NULL beside NULL: of some type, since none is known.
local function not_null_kind(t)
    return t and t.kind == "NULL" and INT or t
end

--- a = b and its kin.
function Resolver:compare(op, a, b, pos)
    local t = not_null_kind(typing.comparable(a.type, b.type))
    if not t then
        self:fail(pos, ("%s and %s can't be compared by %s"):format(shown(a.type), shown(b.type),
            op))
    elseif (op == "<" or op == "<=" or op == ">" or op == ">=") and not typing.ordered(t) then
        self:fail(pos, ("%s has no order: %s can't be used, only = and <>"):format(shown(t), op))
    end
    -- Decimals are compared as they are: a common type may have no room for both.
    if a.type.kind ~= "DECIMAL" or b.type.kind ~= "DECIMAL" then
        a, b = M.cast_to(a, t), M.cast_to(b, t)
    end
    return self:apply(op, { a, b }, pos)
end

local function negate(self, expr, pos)
    return self:apply("NOT", { expr }, pos)
end

local function negated_if(self, node, expr)
    return node.negated and negate(self, expr, node.pos) or expr
end

local op = {}

local function comparison(self, node)
    local args = self:expressions(node.args)
    return self:compare(node.op, args[1], args[2], node.pos)
end
for _, name in ipairs { "=", "<>", "<", "<=", ">", ">=", "IS DISTINCT FROM",
    "IS NOT DISTINCT FROM" } do
    op[name] = comparison
end

for _, what in ipairs { "JSON", "JSON VALUE", "JSON SCALAR", "JSON ARRAY", "JSON OBJECT" } do
    local option = what:match "^JSON (.*)$"
    op["IS " .. what] = function(self, node)
        return self:apply("IS JSON", self:expressions(node.args), node.pos, option)
    end
    op["IS NOT " .. what] = function(self, node)
        return negate(self, op["IS " .. what](self, node), node.pos)
    end
end

function op.NEGATE(self, node)
    local arg = self:expression(node.args[1])
    if literals.is_value(arg) and (typing.NUMBERS[arg.type.kind]
        or typing.INTERVALS[arg.type.kind]) then
        return literals.negated(arg, node.pos)
    end
    return self:apply("NEGATE", { arg }, node.pos)
end

function op.PLUS(self, node)
    local arg = self:expression(node.args[1])
    if not typing.NUMBERS[arg.type.kind] and not typing.INTERVALS[arg.type.kind] then
        self:fail(node.pos, ("+ stands before a number, not before %s"):format(shown(arg.type)))
    end
    return arg
end

--- `low` and `high` around one value, which is computed once.
local function within(self, value, low, high, pos)
    local args = { self:compare(">=", value, low, pos), self:compare("<=", value, high, pos) }
    return call("AND", boolean(args), args, pos)
end

function op.BETWEEN(self, node)
    local args = self:expressions(node.args)
    local expr = within(self, args[1], args[2], args[3], node.pos)
    if node.symmetric then
        local both = { expr, within(self, args[1], args[3], args[2], node.pos) }
        expr = call("OR", boolean(both), both, node.pos)
    end
    return negated_if(self, node, expr)
end

function op.IN(self, node)
    if node.args[2].kind == "subquery" then
        return self:unsupported(node.args[2].pos, "IN (query)")
    end
    local args = self:expressions(node.args)
    local t = args[1].type
    for i = 2, #args do
        t = typing.comparable(t, args[i].type) or self:fail(args[i].pos or node.pos,
            ("%s can't be compared with %s by IN"):format(shown(args[i].type), shown(args[1].type)))
    end
    args = as_common(args, not_null_kind(t))
    return negated_if(self, node, call("IN", boolean(args), args, node.pos))
end

--- LIKE and SIMILAR TO.
local function match(self, node)
    return negated_if(self, node, self:apply(node.op, self:expressions(node.args), node.pos))
end
op.LIKE, op["SIMILAR TO"] = match, match

--- (a, b) OVERLAPS (c, d): four arguments.
function op.OVERLAPS(self, node)
    local args = {}
    for _, side in ipairs(node.args) do
        if side.kind ~= "call" or side.name ~= "ROW" or #side.args ~= 2 then
            self:fail(side.pos, "OVERLAPS takes two periods: (begin, end or length) on each side")
        end
        args[#args + 1], args[#args + 2] = self:expression(side.args[1]),
            self:expression(side.args[2])
    end
    return self:apply("OVERLAPS", args, node.pos)
end

function resolve.op(self, node)
    if op[node.op] then
        return op[node.op](self, node)
    end
    return self:apply(node.op, self:expressions(node.args), node.pos)
end

-- ---- the rest ---------------------------------------------------------------------------

function resolve.subquery(self, node)
    local names = { EXISTS = "EXISTS (query)", IN = "IN (query)" }
    return self:unsupported(node.pos, names[node.form] or "queries as values")
end

function resolve.star(self, node)
    return self:fail(node.pos, "* stands alone in SELECT, not inside of an expression")
end

function resolve.alias(self, node)
    return self:fail(node.pos, ("the alias '%s' stands inside of an expression"):format(node.name))
end

local LATER = { named = "named arguments", table_arg = "TABLE arguments",
    descriptor = "DESCRIPTOR" }

--- The typed expression of a tree.
-- @tparam table node as in `moontide.sql.ast`
-- @treturn table as in `moontide.expr`
-- @raise errors of code SQL with line and caret
function Resolver:expression(node)
    local rule = resolve[node.kind]
    if not rule then
        return self:unsupported(node.pos, LATER[node.kind] or node.kind)
    end
    return rule(self, node)
end

--- The typed expressions of several trees.
function Resolver:expressions(nodes)
    local list = {}
    for i, node in ipairs(nodes) do
        list[i] = self:expression(node)
    end
    return list
end

return M
