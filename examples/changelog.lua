--- A stream of changes as a table and back: each row keeps its kind, and a
-- condition holds for what is taken back as for what is added.
--
-- Prints:
--     +I[ann, 12]
--     -U[ann, 12]
--     +U[ann, 31]
--     -D[ann, 31]
local moontide = require "moontide"
local Row, RowKind, Types = moontide.Row, moontide.RowKind, moontide.Types

local env = moontide.StreamExecutionEnvironment.get_execution_environment()
env:set_parallelism(1)
local t_env = moontide.StreamTableEnvironment.create(env)

local changes = env:from_collection({
    Row.of_kind(RowKind.INSERT, "ann", 12),
    Row.of_kind(RowKind.INSERT, "bob", 9),
    Row.of_kind(RowKind.UPDATE_BEFORE, "ann", 12),
    Row.of_kind(RowKind.UPDATE_AFTER, "ann", 31),
    Row.of_kind(RowKind.DELETE, "ann", 31),
}, Types.ROW_NAMED({ "name", "age" }, { Types.STRING(), Types.INT() }))

t_env:create_temporary_view("people", t_env:from_changelog_stream(changes))

t_env:to_changelog_stream(t_env:sql_query "SELECT * FROM people WHERE age > 10"):print()
env:execute("changes")
