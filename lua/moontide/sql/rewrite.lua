--- Relations to better ones that mean the same.
--
-- What the planner gets has no `project` and `filter`: they become *calcs*, an
-- optional condition and then expressions, and calcs that follow each other
-- become one. On the way down
--
-- * conditions go below unions and beside table functions, to where rows come
--   from, and constants are computed anew where they meet;
-- * columns that nobody reads are left out, and what would compute them with
--   them;
-- * what no row can pass becomes an empty list of values.
--
-- A watermark sees all rows of its source, so conditions stay above it; a limit
-- keeps conditions above it too.
-- @module moontide.sql.rewrite
local errors = require "moontide.error"
local fold = require "moontide.expr.fold"
local logical = require "moontide.logical"
local relation = require "moontide.sql.relation"
local trees = require "moontide.expr.trees"

local M = {}

local place -- a calc over a rewritten relation: function(input, condition, exprs, columns)

-- What constants are computed with: of the plan that is being made, since there
-- is never more than one.
local session

local function folded(expr)
    return fold.fold(expr, { session = session })
end

-- ---- parts ------------------------------------------------------------------------------

local function references(columns)
    local exprs = {}
    for i, column in ipairs(columns) do
        exprs[i] = relation.input(i, column.type)
    end
    return exprs
end

local function is_literal(expr, value)
    return expr ~= nil and expr.kind == "literal" and expr.value == value
end

--- Does a condition let no row pass?
local function never(condition)
    return is_literal(condition, false) or condition ~= nil and condition.kind == "literal"
        and condition.value == nil
end

--- `a AND b`, where either may be nil.
local function both(a, b)
    if not a or not b then
        return a or b
    end
    return folded(trees.conjunction(trees.conjuncts(b, trees.conjuncts(a))))
end

--- Expressions with what they refer to put in, constants computed anew.
local function through(exprs, below)
    local constant = false
    for _, expr in ipairs(below) do
        constant = constant or expr.kind == "literal"
    end
    local result = trees.substitute(exprs, below)
    for i, expr in ipairs(constant and result or {}) do
        result[i] = folded(expr)
    end
    return result
end

--- Columns that are made of exprs, as a set of indexes.
local function used_by(condition, exprs)
    local used = {}
    for _, expr in ipairs(exprs) do
        trees.inputs(expr, used)
    end
    if condition then
        trees.inputs(condition, used)
    end
    return used
end

-- ---- leaving columns out ------------------------------------------------------------------

local narrow -- function(rel, used): a relation, and where each used column is in it

local function all_used(rel, used)
    for i in ipairs(rel.columns) do
        if not used[i] then
            return false
        end
    end
    return true
end

local function identity(rel)
    local at = {}
    for i in ipairs(rel.columns) do
        at[i] = i
    end
    return at
end

--- The used ones of some columns, and the new place of each.
local function kept(columns, used)
    local some, at = {}, {}
    for i, column in ipairs(columns) do
        if used[i] then
            some[#some + 1] = column
            at[i] = #some
        end
    end
    return some, at
end

local narrows = {}

function narrows.calc(rel, used)
    local columns, at = kept(rel.columns, used)
    local exprs = {}
    for i, expr in ipairs(rel.exprs) do
        exprs[#exprs + 1] = used[i] and expr or nil
    end
    return place(rel.input, rel.condition, exprs, columns), at
end

function narrows.limit(rel, used)
    local input, at = narrow(rel.input, used)
    return relation.limit(input, rel.limit, rel.offset), at
end

function narrows.union(rel, used)
    local columns, at = kept(rel.columns, used)
    local inputs = {}
    for i, input in ipairs(rel.inputs) do
        local exprs = {}
        for k, column in ipairs(rel.columns) do
            exprs[#exprs + 1] = used[k] and relation.input(k, column.type) or nil
        end
        inputs[i] = place(input, nil, exprs, columns)
    end
    return relation.union(inputs, columns), at
end

--- The relation narrowed, by a calc where it can't narrow itself: what stands
-- above passes all columns on, and its source couldn't know which are read.
local function chosen(rel, used)
    if narrows[rel.kind] or all_used(rel, used) then
        return narrow(rel, used)
    end
    local columns, at = kept(rel.columns, used)
    local exprs = {}
    for i, column in ipairs(rel.columns) do
        exprs[#exprs + 1] = used[i] and relation.input(i, column.type) or nil
    end
    return place(rel, nil, exprs, columns), at
end

function narrows.watermark(rel, used)
    local wanted = { [rel.rowtime] = true }
    for i in pairs(used) do
        wanted[i] = true
    end
    trees.inputs(rel.expr, wanted)
    local input, at = chosen(rel.input, wanted)
    return relation.watermark(input, at[rel.rowtime], trees.moved(rel.expr, at)), at
end

function narrows.correlate(rel, used)
    local wanted, width = {}, #rel.input.columns
    for i in pairs(used) do
        wanted[i] = i <= width or nil
    end
    for _, arg in ipairs(rel.args or { rel.unnest }) do
        trees.inputs(arg, wanted)
    end
    if next(wanted) == nil then
        wanted[1] = true
    end
    local input, at = narrow(rel.input, wanted)
    local args = {}
    for i, arg in ipairs(rel.args or {}) do
        args[i] = trees.moved(arg, at)
    end
    local what = { udf = rel.udf, args = rel.args and args,
        unnest = rel.unnest and trees.moved(rel.unnest, at), ordinality = rel.ordinality }
    for i = 1, #rel.made do
        at[width + i] = #input.columns + i
    end
    return relation.correlate(input, what, rel.made, rel.outer), at
end

--- The relation without columns that aren't used, as far as that saves work. A
-- source finds out by itself which of its columns are read.
narrow = function(rel, used)
    local narrower = narrows[rel.kind]
    if not narrower or all_used(rel, used) then
        return rel, identity(rel)
    elseif next(used) == nil then
        -- A row of no columns at all can't travel.
        used = { true }
    end
    return narrower(rel, used)
end

-- ---- putting a calc over a relation ---------------------------------------------------------

--- Does a calc pass all columns as they are, with their names?
local function is_identity(input, condition, exprs, columns)
    if condition or #exprs ~= #input.columns then
        return false
    end
    for i, expr in ipairs(exprs) do
        if expr.kind ~= "input" or expr.index ~= i or columns[i].name ~= input.columns[i].name
            or not logical.equal(expr.type, input.columns[i].type, true) then
            return false
        end
    end
    return true
end

local function calc(input, condition, exprs, columns)
    if is_identity(input, condition, exprs, columns) then
        return input
    end
    return { kind = "calc", columns = columns, input = input, condition = condition, exprs = exprs }
end

--- A calc over a relation that it can't go into, which then has just the columns
-- that the calc reads.
local function over(input, condition, exprs, columns)
    local narrower, at = narrow(input, used_by(condition, exprs))
    if narrower == input then
        return calc(input, condition, exprs, columns)
    end
    local moved = {}
    for i, expr in ipairs(exprs) do
        moved[i] = trees.moved(expr, at)
    end
    return calc(narrower, condition and trees.moved(condition, at), moved, columns)
end

local places = {}

-- Expressions that are put into each other grow to so many nodes and no further.
local NODES_MAX = 2000

--- Would a calc's expressions become too large over those of another?
local function too_large(below, condition, exprs)
    for _, expr in ipairs(exprs) do
        if expr.kind ~= "input" and trees.outgrows(expr, below, NODES_MAX) then
            return true
        end
    end
    return condition ~= nil and trees.outgrows(condition, below, NODES_MAX)
end

--- Two calcs in a row are one, unless something would be computed twice that
-- must not be: what is volatile, or a user's function.
function places.calc(input, condition, exprs, columns)
    if trees.repeats(input.exprs, condition, exprs)
        or too_large(input.exprs, condition, exprs) then
        return over(input, condition, exprs, columns)
    end
    local below = condition and through({ condition }, input.exprs)[1]
    return place(input.input, both(input.condition, below), through(exprs, input.exprs), columns)
end

function places.union(input, condition, exprs, columns)
    local inputs = {}
    for i, part in ipairs(input.inputs) do
        inputs[i] = place(part, condition, exprs, columns)
    end
    return relation.union(inputs, columns)
end

--- One row of constants stays one.
function places.values(input, condition, exprs, columns)
    local row = input.rows[1]
    if condition or #input.rows ~= 1 or trees.repeats(row, nil, exprs)
        or too_large(row, nil, exprs) then
        return calc(input, condition, exprs, columns)
    end
    return relation.values({ through(exprs, row) }, columns)
end

--- The parts of a condition that need only the columns before a table function
-- go below it.
function places.correlate(input, condition, exprs, columns)
    local below, above = {}, {}
    for _, part in ipairs(condition and trees.conjuncts(condition) or {}) do
        local list = trees.reads_within(part, #input.input.columns)
            and not trees.is_volatile(part) and below or above
        list[#list + 1] = part
    end
    if #below > 0 then
        local left = input.input
        left = place(left, trees.conjunction(below), references(left.columns), left.columns)
        input = relation.correlate(left, input, input.made, input.outer)
    end
    return over(input, #above > 0 and trees.conjunction(above) or nil, exprs, columns)
end

place = function(input, condition, exprs, columns)
    condition = not is_literal(condition, true) and condition or nil
    if never(condition) then
        return relation.values({}, columns)
    elseif input.kind == "values" and #input.rows == 0 then
        return relation.values({}, columns)
    end
    return (places[input.kind] or over)(input, condition, exprs, columns)
end

--- A calc over a rewritten relation.
-- @tparam table input
-- @tparam ?table condition
-- @tparam table exprs over the input's columns
-- @tparam table columns that they make
-- @tparam[opt] table of_plan the session: `zone`
-- @treturn table a relation
function M.calc(input, condition, exprs, columns, of_plan)
    session = of_plan
    return place(input, condition, exprs, columns)
end

-- ---- relations -------------------------------------------------------------------------------

local rewrite -- function(relation)

local rules = {}

function rules.project(rel)
    return place(rewrite(rel.input), nil, rel.exprs, rel.columns)
end

function rules.filter(rel)
    local input = rewrite(rel.input)
    return place(input, rel.condition, references(input.columns), rel.columns)
end

--- Unions in unions are one; parts without rows are left out.
function rules.union(rel)
    local inputs = {}
    for _, part in ipairs(rel.inputs) do
        local input = rewrite(part)
        if input.kind == "union" then
            for _, inner in ipairs(input.inputs) do
                inputs[#inputs + 1] = inner
            end
        elseif input.kind ~= "values" or #input.rows > 0 then
            inputs[#inputs + 1] = input
        end
    end
    if #inputs == 0 then
        return relation.values({}, rel.columns)
    elseif #inputs == 1 then
        return place(inputs[1], nil, references(rel.columns), rel.columns)
    end
    return relation.union(inputs, rel.columns)
end

function rules.limit(rel)
    local input = rewrite(rel.input)
    if not rel.limit and rel.offset == 0 then
        return input
    elseif rel.limit == 0 then
        return relation.values({}, rel.columns)
    end
    return relation.limit(input, rel.limit, rel.offset)
end

function rules.correlate(rel)
    return relation.correlate(rewrite(rel.input), rel, rel.made, rel.outer)
end

function rules.watermark(rel)
    return relation.watermark(rewrite(rel.input), rel.rowtime, rel.expr)
end

rewrite = function(rel)
    local rule = rules[rel.kind]
    return rule and rule(rel) or rel
end

-- A query may have so many parts, counted as often as they are named: what names
-- a view twice that names a view twice, and so on, soon fits no machine.
local PARTS_MAX = 20000

local function parts_of(rel, counts)
    if not counts[rel] then
        local count = 1
        for _, input in ipairs(relation.inputs(rel)) do
            count = count + parts_of(input, counts)
        end
        counts[rel] = count
    end
    return counts[rel]
end

--- The relation that is planned for another.
-- @tparam table rel as the analyzer makes it; it stays as it is
-- @tparam[opt] table of_plan the session: `zone`
-- @treturn table
function M.relation(rel, of_plan)
    local parts = parts_of(rel, {})
    if parts > PARTS_MAX then
        errors.raise("SQL", "the query has %.0f parts, views written out; there may be %d", parts,
            PARTS_MAX)
    end
    session = of_plan
    return rewrite(rel)
end

return M
