local moontide = require "moontide"
local process = require "process"

local Types = moontide.Types
local BOOK = Types.ROW { Types.INT(), Types.STRING() }

local function message(f, ...)
    local ok, err = pcall(f, ...)
    assert.is_false(ok)
    return err.message
end

local function connection(url)
    return moontide.JdbcConnectionOptions.JdbcConnectionOptionsBuilder():with_url(url)
end

local function environment()
    local env = moontide.StreamExecutionEnvironment.get_execution_environment()
    env:set_parallelism(1)
    return env
end

-- A new file of SQLite in which `sql` was run; the second result asks it.
local function database(sql)
    local path = os.tmpname()
    local function run(text)
        return process.run(("sqlite3 %s %s"):format(path, process.quote(text))).out
    end
    run(sql)
    return "jdbc:sqlite:" .. path, run, path
end

describe("JdbcSink", function()
    it("becomes the table connector's options", function()
        local sink = moontide.JdbcSink.sink("INSERT INTO t VALUES (?, ?)", BOOK,
            connection "jdbc:mysql://h/d":with_driver_name("x.Driver"):with_user_name("u")
                :with_password("secret-of-spec"):build(),
            moontide.JdbcExecutionOptions.builder():with_batch_size(10)
                :with_batch_interval_ms(200):with_max_retries(5):build())
        local attributes, wanted = sink:sink_attributes()
        assert.equal(tostring(BOOK), tostring(wanted))
        assert.same({
            url = "jdbc:mysql://h/d", driver = "x.Driver", username = "u",
            password = "secret-of-spec", ["sink.statement"] = "INSERT INTO t VALUES (?, ?)",
            ["sink.buffer-flush.max-rows"] = "10", ["sink.buffer-flush.interval"] = "200 ms",
            ["sink.max-retries"] = "5",
        }, attributes.options)
    end)

    it("writes each record by its statement", function()
        local url, ask, path = database "CREATE TABLE books (id INT PRIMARY KEY, title TEXT)"
        local env = environment()
        env:from_collection({ { 1, "one" }, { 2, moontide.null }, { 1, "uno" } }, BOOK)
            :add_sink(moontide.JdbcSink.sink([[INSERT INTO books (id, title) VALUES (?, ?)
                ON CONFLICT (id) DO UPDATE SET title = excluded.title || '?']], BOOK,
                connection(url):build()))
        env:execute()
        assert.equal("1|uno?\n2|\n", ask "SELECT * FROM books ORDER BY id")
        os.remove(path)
    end)

    it("has the defaults of its options", function()
        local options = moontide.JdbcExecutionOptions.defaults()
        assert.equal(5000, options:get_batch_size())
        assert.equal(0, options:get_batch_interval_ms())
        assert.equal(3, options:get_max_retries())
        local built = connection "jdbc:sqlite:f":with_user_name("u"):build()
        assert.equal("jdbc:sqlite:f", built:get_db_url())
        assert.equal("u", built:get_user_name())
        assert.is_nil(built:get_password())
        assert.is_nil(built:get_driver_name())
    end)

    it("says what is wrong", function()
        assert.equal("JdbcConnectionOptions need with_url", message(function()
            moontide.JdbcConnectionOptions.JdbcConnectionOptionsBuilder():build()
        end))
        assert.equal("bad argument #2 to 'sink' (a ROW type expected, got INT)",
            message(moontide.JdbcSink.sink, "DELETE FROM t WHERE id = ?", Types.INT(),
                connection "jdbc:sqlite:f":build()))
        assert.truthy(message(moontide.JdbcExecutionOptions.builder().with_batch_size,
            moontide.JdbcExecutionOptions.builder(), -1):find "must be at least 0")
        local env = environment()
        env:from_collection({ { 1, "one" } }, BOOK):add_sink(
            moontide.JdbcSink.sink("INSERT INTO t VALUES (?)", BOOK,
                connection "jdbc:sqlite:f":build()))
        assert.truthy(message(env.execute, env):find("1 '?' for the 2 columns", 1, true))
    end)
end)
