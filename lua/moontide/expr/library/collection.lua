--- Arrays and maps.
--
-- Elements are equal when they are not distinct: NULL finds NULL, and NaN NaN.
-- @module moontide.expr.library.collection
local logical = require "moontide.logical"
local typing = require "moontide.expr.typing"

local function boolean(nulls)
    return logical.scalar("BOOLEAN", nil, nil, nulls)
end

--- Refuses elements that have no order; else what the signature says holds.
local function ordered(name, result_of)
    return function(args)
        local t = args[1].type
        local element = t.element or t
        if element.kind ~= "NULL" and not typing.ordered(element) then
            return nil, ("%s needs elements that have an order, %s has none"):format(name,
                tostring(element))
        end
        return result_of(args, t, element)
    end
end

local function outermost(name)
    return ordered(name, function(_, _, element)
        return element:nullable()
    end)
end

local infer_sort = ordered("ARRAY_SORT", function(args, t)
    local targets, nulls = { t }, false
    for i = 1, #args do
        targets[i] = args[i].type
        nulls = nulls or args[i].type.nulls
    end
    return typing.with_nulls(t, nulls), targets
end)

--- NULL only where the array is; what is looked for need not be there.
local function infer_contains(args)
    return boolean(args[1].type.nulls)
end

local function infer_extended(args)
    local t, added = args[1].type, args[2].type
    local element = t.element
    return logical.array(typing.with_nulls(element, element.nulls or added.nulls), t.nulls)
end

local function infer_remove(args)
    return args[1].type
end

local function infer_entries(args)
    local t = args[1].type
    if t.kind ~= "MAP" then -- NULL
        return nil
    end
    return logical.array(logical.row({ { name = "key", type = t.key },
        { name = "value", type = t.value } }, { nulls = false }), t.nulls)
end

return {
    { name = "CARDINALITY",
        signatures = { "CARDINALITY(ARRAY a) INT", "CARDINALITY(MAP m) INT" },
        help = "how many elements or entries there are.",
        example = { "CARDINALITY(ARRAY[1, 2, 3])", "3" } },
    { name = "ELEMENT", signatures = { "ELEMENT(ARRAY<T> a) T?" }, fails = true,
        help = "the only element of `a`; NULL when it is empty, an error when there are more.",
        example = { "ELEMENT(ARRAY['only'])", "only" } },
    { name = "ARRAY_CONTAINS", signatures = { "ARRAY_CONTAINS(ARRAY<T> a, T element) BOOLEAN" },
        strict = false, infer = infer_contains,
        help = "whether the element is in `a`. NULL may be looked for too.",
        example = { "ARRAY_CONTAINS(ARRAY[1, NULL], CAST(NULL AS INT))", "TRUE" } },
    { name = "ARRAY_POSITION", signatures = { "ARRAY_POSITION(ARRAY<T> a, T element) INT" },
        help = "where the element stands first in `a`, from 1; 0 where it does not.",
        example = { "ARRAY_POSITION(ARRAY['a', 'b', 'b'], 'b')", "2" } },
    { name = "ARRAY_APPEND", signatures = { "ARRAY_APPEND(ARRAY<T> a, T element) ARRAY<T>" },
        strict = false, infer = infer_extended,
        help = "`a` with the element behind it, which may be NULL.",
        example = { "ARRAY_APPEND(ARRAY[1, 2], 3)", "[1, 2, 3]" } },
    { name = "ARRAY_PREPEND", signatures = { "ARRAY_PREPEND(ARRAY<T> a, T element) ARRAY<T>" },
        strict = false, infer = infer_extended,
        help = "`a` with the element before it, which may be NULL.",
        example = { "ARRAY_PREPEND(ARRAY[1, 2], 0)", "[0, 1, 2]" } },
    { name = "ARRAY_REMOVE", signatures = { "ARRAY_REMOVE(ARRAY<T> a, T element) ARRAY<T>" },
        strict = false, infer = infer_remove,
        help = "`a` without all that equal the element, which may be NULL.",
        example = { "ARRAY_REMOVE(ARRAY[1, 2, 1], 1)", "[2]" } },
    { name = "ARRAY_DISTINCT", signatures = { "ARRAY_DISTINCT(ARRAY<T> a) ARRAY<T>" },
        help = "`a` with the first of each group of equal elements.",
        example = { "ARRAY_DISTINCT(ARRAY[2, 1, 2])", "[2, 1]" } },
    { name = "ARRAY_REVERSE", signatures = { "ARRAY_REVERSE(ARRAY<T> a) ARRAY<T>" },
        help = "`a` from its end.",
        example = { "ARRAY_REVERSE(ARRAY[1, 2, 3])", "[3, 2, 1]" } },
    { name = "ARRAY_SLICE",
        signatures = { "ARRAY_SLICE(ARRAY<T> a, INT first, [INT last]) ARRAY<T>" },
        help = "the elements of `a` from position `first` to `last`, both included; to the end "
            .. "where there is no `last`. Positions count from 1, below 0 from the end.",
        example = { "ARRAY_SLICE(ARRAY[1, 2, 3, 4], -3, 3)", "[2, 3]" } },
    { name = "ARRAY_CONCAT", signatures = { "ARRAY_CONCAT(ARRAY<T> a...) ARRAY<T>" },
        help = "the elements of all the arrays.",
        example = { "ARRAY_CONCAT(ARRAY[1, 2], ARRAY[2])", "[1, 2, 2]" } },
    { name = "ARRAY_UNION", signatures = { "ARRAY_UNION(ARRAY<T> a, ARRAY<T> b) ARRAY<T>" },
        help = "the elements of `a`, then those of `b`, each once.",
        example = { "ARRAY_UNION(ARRAY[1, 2, 2], ARRAY[2, 3])", "[1, 2, 3]" } },
    { name = "ARRAY_EXCEPT", signatures = { "ARRAY_EXCEPT(ARRAY<T> a, ARRAY<T> b) ARRAY<T>" },
        help = "the elements of `a` that are not in `b`, each once.",
        example = { "ARRAY_EXCEPT(ARRAY[1, 2, 1, 3], ARRAY[2])", "[1, 3]" } },
    { name = "ARRAY_INTERSECT",
        signatures = { "ARRAY_INTERSECT(ARRAY<T> a, ARRAY<T> b) ARRAY<T>" },
        help = "the elements of `a` that are also in `b`, each once.",
        example = { "ARRAY_INTERSECT(ARRAY[3, 1, 3], ARRAY[2, 3])", "[3]" } },
    { name = "ARRAY_SORT", infer = infer_sort, signatures = {
            "ARRAY_SORT(ARRAY<T> a, [BOOLEAN ascending], [BOOLEAN nulls_first]) ARRAY<T>" },
        help = "`a` in order: from the least unless `ascending` is FALSE. NULLs come first in "
            .. "ascending order and last in descending, or as `nulls_first` says.",
        example = { "ARRAY_SORT(ARRAY[2, NULL, 1])", "[NULL, 1, 2]" } },
    { name = "ARRAY_MAX", infer = outermost "ARRAY_MAX",
        signatures = { "ARRAY_MAX(ARRAY<T> a) T?" },
        help = "the greatest element of `a`. NULLs don't count; NULL when nothing is left.",
        example = { "ARRAY_MAX(ARRAY[1, 3, 2])", "3" } },
    { name = "ARRAY_MIN", infer = outermost "ARRAY_MIN",
        signatures = { "ARRAY_MIN(ARRAY<T> a) T?" },
        help = "the least element of `a`. NULLs don't count; NULL when nothing is left.",
        example = { "ARRAY_MIN(ARRAY[2, 1, 3])", "1" } },
    { name = "ARRAY_JOIN", signatures = {
            "ARRAY_JOIN(ARRAY<STRING> a, STRING delimiter, [STRING for_null]) STRING" },
        help = "the texts of `a` with a delimiter between them. NULLs are left out, or are "
            .. "`for_null`.",
        example = { "ARRAY_JOIN(ARRAY['a', NULL, 'b'], ',', '?')", "a,?,b" } },
    { name = "MAP_KEYS", signatures = { "MAP_KEYS(MAP<K, V> m) ARRAY<K>" },
        help = "the keys of `m`.",
        example = { "MAP_KEYS(MAP['a', 1, 'b', 2])", "[a, b]" } },
    { name = "MAP_VALUES", signatures = { "MAP_VALUES(MAP<K, V> m) ARRAY<V>" },
        help = "the values of `m`, in the order of its keys.",
        example = { "MAP_VALUES(MAP['a', 1, 'b', 2])", "[1, 2]" } },
    { name = "MAP_ENTRIES", infer = infer_entries,
        signatures = { "MAP_ENTRIES(MAP m) ARRAY<ROW<key K, value V>>" },
        help = "the entries of `m` as rows.",
        example = { "MAP_ENTRIES(MAP['a', 1])", "[(a, 1)]" } },
    { name = "MAP_FROM_ARRAYS", fails = true,
        signatures = { "MAP_FROM_ARRAYS(ARRAY<K> keys, ARRAY<V> values) MAP<K, V>" },
        help = "a map of two arrays, which must be of one length. Of equal keys the last counts.",
        example = { "MAP_FROM_ARRAYS(ARRAY['a', 'b'], ARRAY[1, 2])", "{a=1, b=2}" } },
    { name = "MAP_UNION", signatures = { "MAP_UNION(MAP<K, V> m...) MAP<K, V>" },
        help = "the entries of all the maps. Of equal keys that of the last map counts.",
        example = { "MAP_UNION(MAP['a', 1, 'b', 2], MAP['b', 3])['b']", "3" } },
}
