--- StatementSet and TablePipeline: inserts that run as one job.
-- @module moontide.table.statement_set
local args = require "moontide.args"
local class = require "moontide.class"
local errors = require "moontide.error"

local M = {}

local StatementSet = class.new "StatementSet"
M.StatementSet = StatementSet

--- Made by `t_env:create_statement_set()`.
function StatementSet.__init(_, t_env)
    return setmetatable({ t_env = t_env, insertions = {} }, StatementSet)
end

local SQL = args.signature("add_insert_sql", { { "stmt", args.is_string, needed = true } })

--- Adds an INSERT.
-- @tparam string stmt
-- @usage set:add_insert_sql("INSERT INTO s SELECT * FROM t")
function StatementSet:add_insert_sql(...)
    self.insertions[#self.insertions + 1] = self.t_env:parse_insert((SQL(...)))
    return self
end

--- Adds a table's rows into another.
-- @param target a name, or a TableDescriptor
-- @tparam Table table
-- @tparam[opt=false] boolean overwrite
function StatementSet:add_insert(target, table, overwrite)
    if not class.is(table, require "moontide.table.table") then
        args.bad(2, "add_insert", "Table expected, got " .. args.type_name(table))
    end
    self.insertions[#self.insertions + 1] = self.t_env:insertion(table.relation, target, overwrite)
    return self
end

--- Adds what `Table:insert_into` gave, which `t_env:execute()` then leaves out.
-- @tparam TablePipeline pipeline
-- @treturn StatementSet
function StatementSet:add(pipeline)
    self.t_env:unbuffer_insert(pipeline.insertion)
    self.insertions[#self.insertions + 1] = pipeline.insertion
    return self
end

local function take(self)
    if #self.insertions == 0 then
        errors.raise("MISUSE", "the statement set is empty: add an insert first")
    end
    local insertions = self.insertions
    self.insertions = {}
    return insertions
end

--- Starts all of them as one job.
-- @treturn TableResult
function StatementSet:execute()
    return self.t_env:run_inserts(take(self))
end

--- Adds them to the stream environment, whose `execute()` then runs them.
function StatementSet:attach_as_datastream()
    self.t_env:attach_inserts(take(self))
end

--- Their trees and plans.
-- @treturn string
function StatementSet:explain()
    return self.t_env:explain_text(self.insertions)
end

--- Prints their trees and plans.
function StatementSet:print_explain()
    io.stdout:write(self:explain(), "\n")
end

class.later(StatementSet, { "compile_plan" })

-- ---- TablePipeline ----------------------------------------------------------------------

local TablePipeline = class.new "TablePipeline"
M.TablePipeline = TablePipeline

--- What `Table:insert_into` gives.
function M.pipeline(t_env, insertion)
    return setmetatable({ t_env = t_env, insertion = insertion }, TablePipeline)
end

--- Starts the insert as a job of its own; `t_env:execute()` then leaves it out.
-- @treturn TableResult
function TablePipeline:execute()
    self.t_env:unbuffer_insert(self.insertion)
    return self.t_env:run_inserts { self.insertion }
end

--- Its tree and plan as text.
function TablePipeline:explain()
    return self.t_env:explain_text { self.insertion }
end

--- Prints its tree and plan.
function TablePipeline:print_explain()
    io.stdout:write(self:explain(), "\n")
end

--- The full name of the table that it writes.
function TablePipeline:get_sink_identifier()
    return table.concat(self.insertion.target.path, ".")
end

class.later(TablePipeline, { "compile_plan" })

return M
