--- Conversions.
-- @module moontide.expr.library.conversion

return {
    { name = "CAST", strict = false, fails = true, signatures = { "CAST(a AS type)" },
        help = "`a` as a value of that type. What can't be cast is an error.",
        example = { "CAST('12' AS INT) + 1", "13" } },
    { name = "TRY_CAST", strict = false, signatures = { "TRY_CAST(a AS type)" },
        help = "as CAST, but NULL where there is no such value.",
        example = { "COALESCE(TRY_CAST('x' AS INT), -1)", "-1" } },
    { name = "TYPEOF", strict = false,
        signatures = { "TYPEOF(ANY a, [BOOLEAN force]) STRING NOT NULL" },
        help = "the type of `a`, as DDL writes it. `force` changes nothing.",
        example = { "TYPEOF(1)", "INT NOT NULL" } },
}
