-- Tables of files in SQL: what the planner and the connector do together.
local moontide = require "moontide"
local process = require "process"

local folder = process.lines(process.run("mktemp -d").out)[1]

local function environment()
    local env = moontide.StreamExecutionEnvironment.get_execution_environment()
    env:set_parallelism(2)
    return moontide.StreamTableEnvironment.create(env)
end

local function write(name, text)
    os.execute(("mkdir -p $(dirname '%s/%s')"):format(folder, name))
    process.write(folder .. "/" .. name, text)
end

local function listing(name)
    return process.lines(process.run(("cd '%s/%s' && find . -type f | sort"):format(folder, name))
        .out)
end

local function rows(t_env, query)
    local list = {}
    for row in t_env:execute_sql(query):collect() do
        list[#list + 1] = tostring(row)
    end
    table.sort(list)
    return list
end

local function declare(t_env, name, columns, path, more)
    t_env:execute_sql(("CREATE TABLE %s %s WITH ('connector' = 'filesystem', "
        .. "'path' = '%s/%s', %s)"):format(name, columns, folder, path, more))
end

teardown(function()
    os.execute("rm -rf '" .. folder .. "'")
end)

describe("a table of files", function()
    it("is written and read in the older spelling too", function()
        local t_env = environment()
        t_env:execute_sql(([[ CREATE TABLE old (a INT, b STRING) WITH (
            'connector.type' = 'filesystem', 'connector.path' = '%s/old',
            'format.type' = 'csv', 'format.field-delimiter' = ';') ]]):format(folder))
        t_env:execute_sql("INSERT INTO old VALUES (1, 'x'), (2, 'y;z')"):wait()
        assert.same({ "Row(a=1, b='x')", "Row(a=2, b='y;z')" }, rows(t_env, "SELECT * FROM old"))
    end)

    it("has columns of metadata", function()
        local t_env = environment()
        write("meta/one.txt", "a\n")
        declare(t_env, "meta", "(line STRING, name STRING NOT NULL METADATA FROM 'file.name', "
            .. "`file.size` BIGINT NOT NULL METADATA)", "meta", "'format' = 'raw'")
        assert.same({ "Row(line='a', name='one.txt', file.size=2)" },
            rows(t_env, "SELECT * FROM meta"))
        assert.same({ "Row(name='one.txt')" }, rows(t_env, "SELECT name FROM meta"))
    end)

    it("is read no further than a limit", function()
        local t_env = environment()
        write("limit/many", ("x\n"):rep(100000))
        declare(t_env, "many", "(a STRING)", "limit", "'format' = 'raw'")
        assert.equal(3, #rows(t_env, "SELECT * FROM many LIMIT 3"))
    end)

    it("is replaced by INSERT OVERWRITE", function()
        local t_env = environment()
        write("over/old", "9\n")
        declare(t_env, "fresh", "(a INT)", "over", "'format' = 'csv'")
        t_env:execute_sql("INSERT OVERWRITE fresh VALUES (1), (2)"):wait()
        assert.same({ "Row(a=1)", "Row(a=2)" }, rows(t_env, "SELECT * FROM fresh"))
    end)
end)

describe("a partitioned table", function()
    local COLUMNS = "(a INT, dt STRING, h INT) PARTITIONED BY (dt, h)"

    it("has a folder for each value of its keys", function()
        local t_env = environment()
        declare(t_env, "parts", COLUMNS, "parts", "'format' = 'json', "
            .. "'sink.part.naming' = 'subtask', 'partition.default-name' = 'none', "
            .. "'sink.partition-commit.policy.kind' = 'success-file'")
        t_env:execute_sql([[ INSERT INTO parts VALUES (1, 'a/b', 1), (2, 'a/b', 2),
            (3, CAST(NULL AS STRING), 1) ]]):wait()
        local folders = {}
        for _, path in ipairs(listing "parts") do
            folders[#folders + 1] = path:match "^%./(.*)/_SUCCESS$"
        end
        assert.same({ "dt=a%2Fb/h=1", "dt=a%2Fb/h=2", "dt=none/h=1" }, folders)
        assert.same({ "Row(a=1, dt='a/b', h=1)", "Row(a=2, dt='a/b', h=2)",
            "Row(a=3, dt=nil, h=1)" }, rows(t_env, "SELECT * FROM parts"))
        assert.same({ "Row(EXPR$0=3)" }, rows(t_env,
            "SELECT a + 0 FROM parts WHERE dt IS NULL"))
    end)

    it("is read where a query wants it only", function()
        local t_env = environment()
        write("prune/dt=x/h=1/file", "1\n")
        write("prune/dt=x/h=2/file", "2\n")
        write("prune/dt=y/h=1/file", "this is no number\n")
        declare(t_env, "prune", COLUMNS, "prune", "'format' = 'csv'")
        assert.same({ "Row(a=1)", "Row(a=2)" }, rows(t_env,
            "SELECT a FROM prune WHERE dt = 'x'"))
        assert.same({ "Row(a=2, dt='x')" }, rows(t_env,
            "SELECT a, dt FROM prune WHERE h > 1 AND dt IN ('x', 'y')"))
        local ok, err = pcall(rows, t_env, "SELECT a FROM prune")
        assert.is_false(ok)
        assert.truthy(tostring(err):find("prune/dt=y/h=1/file, line 1 (byte 0)", 1, true))
    end)

    it("is read where a number between those of its keys parts them", function()
        local t_env = environment()
        for i = 0, 2 do
            write(("prices/p=1.5%d/file"):format(i), i .. "\n")
        end
        declare(t_env, "prices", "(a INT, p DECIMAL(5, 2)) PARTITIONED BY (p)", "prices",
            "'format' = 'csv'")
        for condition, found in pairs { ["p > 1.505"] = "12", ["p < 1.514"] = "01",
            ["p <> 1.505"] = "012", ["p = 1.505"] = "", ["p >= 1.51"] = "12" } do
            local list = rows(t_env, "SELECT a FROM prices WHERE " .. condition)
            assert.equal(found, (table.concat(list):gsub("[^%d]", "")), condition)
        end
    end)

    it("is read where a key is no number", function()
        local t_env = environment()
        write("nan/p=NaN/file", "1\n")
        write("nan/p=1.0/file", "2\n")
        declare(t_env, "nan", "(a INT, p DOUBLE) PARTITIONED BY (p)", "nan", "'format' = 'csv'")
        for condition, found in pairs { ["p <> 1e0"] = "1", ["p = 1e0"] = "2",
            ["p <> CAST('NaN' AS DOUBLE)"] = "12", ["p > 0e0"] = "2" } do
            local list = rows(t_env, "SELECT a FROM nan WHERE " .. condition)
            assert.equal(found, (table.concat(list):gsub("[^%d]", "")), condition)
        end
    end)

    it("is overwritten where an INSERT writes only", function()
        local t_env = environment()
        write("some/dt=x/h=1/old", "1\n")
        write("some/dt=y/h=1/old", "2\n")
        declare(t_env, "some_parts", COLUMNS, "some", "'format' = 'csv'")
        t_env:execute_sql("INSERT OVERWRITE some_parts PARTITION (dt = 'x', h = 1) "
            .. "SELECT 3"):wait()
        assert.same({ "Row(a=2, dt='y', h=1)", "Row(a=3, dt='x', h=1)" },
            rows(t_env, "SELECT * FROM some_parts"))
    end)
end)
