--- Rows, arrays and maps: made, and taken apart.
--
-- These are forms of the language: the resolver makes their calls.
-- @module moontide.expr.library.constructors
return {
    { name = "ROW", strict = false, signatures = { "ROW(a, ...)", "(a, b, ...)" },
        help = "a row of values. Its fields are called EXPR$0, EXPR$1, ... unless a CAST names "
            .. "them.",
        example = { "ROW(1, 'a')", "(1, a)" } },
    { name = "ARRAY", strict = false, signatures = { "ARRAY[a, ...]" },
        help = "an array of values, which are cast to the type that they have in common.",
        example = { "ARRAY[1, 2, 3]", "[1, 2, 3]" } },
    { name = "MAP", strict = false, signatures = { "MAP[key, value, ...]" },
        help = "a map of keys and values. Of equal keys the last counts.",
        example = { "MAP['a', 1, 'b', 2]", "{a=1, b=2}" } },
    { name = "FIELD", signatures = { "row.name", "row[position]" },
        help = "a field of a row; NULL where the row is.",
        example = { "CAST(ROW(1, 'a') AS ROW<n INT, s STRING>).s", "a" } },
    { name = "ITEM", signatures = { "array[position]", "map[key]" },
        kernel = function(types)
            return types[1].kind == "MAP" and "ITEM_OF_MAP" or "ITEM"
        end,
        help = "an element of an array, counted from 1, or what a map has for a key. NULL where "
            .. "there is none.",
        example = { "ARRAY['a', 'b'][2]", "b" } },
}
