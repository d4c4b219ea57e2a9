--- JDBC for streams: JdbcSink with its connection and execution options.
--
-- It ends as the options of the `jdbc` table connector: `sink.statement` is the
-- statement, and what holds for tables (retries, types, flushing) holds here.
-- @module moontide.connectors.jdbc
local args = require "moontide.args"
local class = require "moontide.class"
local copy_of = require "moontide.copy"
local errors = require "moontide.error"

local M = {}

-- A fluent setter that keeps what it is given under `field`.
local function setter(owner, method, field, checker)
    local signature = args.signature(method, { { field, checker, needed = true } })
    owner[method] = function(self, ...)
        self[field] = signature(...)
        return self
    end
end

-- ---- where to -------------------------------------------------------------------------

--- Where and as whom to connect.
local ConnectionOptions = class.new "JdbcConnectionOptions"
local ConnectionBuilder = class.new "JdbcConnectionOptionsBuilder"
M.JdbcConnectionOptions, M.JdbcConnectionOptionsBuilder = ConnectionOptions, ConnectionBuilder

--- Begins the options.
-- @usage JdbcConnectionOptions.JdbcConnectionOptionsBuilder()
--     :with_url("jdbc:postgresql://db:5432/shop"):with_user_name("u"):build()
ConnectionOptions.JdbcConnectionOptionsBuilder = ConnectionBuilder

function ConnectionBuilder.__init()
    return setmetatable({
        url = false, driver_name = false, user_name = false, password = false,
    }, ConnectionBuilder)
end

--- The JDBC URL. Fluent, as are those below.
-- @function JdbcConnectionOptionsBuilder:with_url
-- @tparam string url
setter(ConnectionBuilder, "with_url", "url", args.is_string)
--- A Java class: kept, and of no effect.
-- @function JdbcConnectionOptionsBuilder:with_driver_name
-- @tparam string driver_name
setter(ConnectionBuilder, "with_driver_name", "driver_name", args.is_string)
--- Who connects.
-- @function JdbcConnectionOptionsBuilder:with_user_name
-- @tparam string user_name
setter(ConnectionBuilder, "with_user_name", "user_name", args.is_string)
--- Their password.
-- @function JdbcConnectionOptionsBuilder:with_password
-- @tparam string password
setter(ConnectionBuilder, "with_password", "password", args.is_string)

--- Makes the options.
-- @treturn JdbcConnectionOptions
function ConnectionBuilder:build()
    if not self.url then
        errors.raise("MISUSE", "JdbcConnectionOptions need with_url")
    end
    return setmetatable(copy_of(self), ConnectionOptions)
end

function ConnectionOptions:get_db_url()
    return self.url
end

function ConnectionOptions:get_driver_name()
    return self.driver_name or nil
end

function ConnectionOptions:get_user_name()
    return self.user_name or nil
end

function ConnectionOptions:get_password()
    return self.password or nil
end

-- ---- when and how often -----------------------------------------------------------------

--- When rows are written, and how often they are tried again.
local ExecutionOptions = class.new "JdbcExecutionOptions"
local ExecutionBuilder = class.new "JdbcExecutionOptionsBuilder"
M.JdbcExecutionOptions, M.JdbcExecutionOptionsBuilder = ExecutionOptions, ExecutionBuilder

function ExecutionBuilder.__init()
    return setmetatable({
        batch_size = 5000, batch_interval_ms = 0, max_retries = 3,
    }, ExecutionBuilder)
end

--- Begins the options.
-- @treturn JdbcExecutionOptionsBuilder
-- @usage JdbcExecutionOptions.builder():with_batch_size(1000):with_batch_interval_ms(200)
--     :with_max_retries(5):build()
function ExecutionOptions.builder()
    return ExecutionBuilder()
end

--- 5000 rows, no interval, 3 retries.
-- @treturn JdbcExecutionOptions
function ExecutionOptions.defaults()
    return ExecutionBuilder():build()
end

--- Rows are written when so many wait. Fluent, as are those below.
-- @function JdbcExecutionOptionsBuilder:with_batch_size
-- @tparam number batch_size
setter(ExecutionBuilder, "with_batch_size", "batch_size", args.whole(0))
--- Rows are written when they have waited so long; 0: never for that.
-- @function JdbcExecutionOptionsBuilder:with_batch_interval_ms
-- @tparam number batch_interval_ms
setter(ExecutionBuilder, "with_batch_interval_ms", "batch_interval_ms", args.whole(0))
--- How often rows are tried again.
-- @function JdbcExecutionOptionsBuilder:with_max_retries
-- @tparam number max_retries
setter(ExecutionBuilder, "with_max_retries", "max_retries", args.whole(0))

--- Makes the options.
-- @treturn JdbcExecutionOptions
function ExecutionBuilder:build()
    return setmetatable(copy_of(self), ExecutionOptions)
end

function ExecutionOptions:get_batch_size()
    return self.batch_size
end

function ExecutionOptions:get_batch_interval_ms()
    return self.batch_interval_ms
end

function ExecutionOptions:get_max_retries()
    return self.max_retries
end

-- ---- JdbcSink -----------------------------------------------------------------------------

local JdbcSink = class.new "JdbcSink"
M.JdbcSink = JdbcSink

local function is_row(value)
    local t, message = args.is_type(value)
    if t and t.kind ~= "ROW" then
        return nil, "a ROW type expected, got " .. tostring(t)
    end
    return t, message
end

local SINK = args.signature("sink", {
    { "sql", args.is_string, needed = true },
    { "type_info", is_row, needed = true },
    { "jdbc_connection_options", class.check(ConnectionOptions), needed = true },
    { "jdbc_execution_options", class.check(ExecutionOptions) },
})

--- Runs a statement for each record: its `?` stand for the record's fields, in
-- order. Statements that insert go out in batches.
-- @tparam string sql "INSERT INTO books (id, title) VALUES (?, ?)"
-- @param type_info a ROW of as many fields as there are `?`
-- @tparam JdbcConnectionOptions jdbc_connection_options
-- @tparam[opt] JdbcExecutionOptions jdbc_execution_options
-- @treturn JdbcSink
-- @usage ds:add_sink(JdbcSink.sink("INSERT INTO t VALUES (?, ?)",
--     Types.ROW { Types.INT(), Types.STRING() }, connection_options))
function JdbcSink.sink(...)
    local sql, type_info, connection, execution = SINK(...)
    return setmetatable({
        sql = sql, type_info = type_info, connection = connection,
        execution = execution or ExecutionOptions.defaults(),
    }, JdbcSink)
end

-- What a stream makes a node of, and the type that it must bring.
function JdbcSink:sink_attributes()
    local connection, execution = self.connection, self.execution
    return {
        name = "JDBC",
        connector = "jdbc",
        options = {
            url = connection.url,
            driver = connection.driver_name or nil,
            username = connection.user_name or nil,
            password = connection.password or nil,
            ["sink.statement"] = self.sql,
            ["sink.buffer-flush.max-rows"] = ("%.0f"):format(execution.batch_size),
            ["sink.buffer-flush.interval"] = ("%.0f ms"):format(execution.batch_interval_ms),
            ["sink.max-retries"] = ("%.0f"):format(execution.max_retries),
        },
    }, self.type_info
end

return M
