-- The hbase connector on a real HBase: Java's bytes both ways, changes by key,
-- regions that split, and a server that is killed.
local moontide = require "moontide"
local net = require "net"
local process = require "process"

local home, address

local function tell(verb, input)
    local command = ("HBASE_HOME=%s spec/live/servers/hbase/server %s"):format(home, verb)
    if input then
        command = ("printf '%%b' %s | %s"):format(process.quote(input), command)
    end
    local result = process.run(command, 120)
    assert(result.status == 0, result.err)
    return result.out
end

-- HBase's Java client: commands, one a line, words separated by blanks.
local function ask(commands)
    return tell("ask", (commands:gsub("\n%s+", "\n"):gsub(" ", "\t")) .. "\n")
end

local function environment(parallelism)
    local env = moontide.StreamExecutionEnvironment.get_execution_environment()
    env:set_parallelism(parallelism or 1)
    return moontide.StreamTableEnvironment.create(env), env
end

local function create(t_env, name, columns, more)
    t_env:execute_sql(("CREATE TABLE %s (%s) WITH ('connector' = 'hbase-2.6', "
        .. "'table-name' = '%s', 'zookeeper.quorum' = '%s'%s)"):format(name, columns,
        name, address, more or ""))
end

local function rows(t_env, query)
    local list = {}
    for row in t_env:execute_sql(query):collect() do
        list[#list + 1] = tostring(row)
    end
    return list
end

local function failure(f, ...)
    local ok, err = pcall(f, ...)
    assert.is_false(ok)
    return tostring(err)
end

local function has(text, part)
    assert.truthy(text:find(part, 1, true), text)
end

local TYPES = "k INT, f ROW<bo BOOLEAN, i1 TINYINT, i2 SMALLINT, i4 INT, i8 BIGINT, f4 FLOAT, "
    .. "f8 DOUBLE, de DECIMAL(30, 4), s STRING, bin BYTES>, "
    .. "g ROW<d DATE, t TIME(3), ts TIMESTAMP(3)>"

describe("hbase", function()
    setup(function()
        home = os.tmpname()
        os.remove(home)
        address = tell "start":match "%S+"
    end)

    teardown(function()
        tell "clean"
    end)

    it("reads what Java wrote and writes what Java would", function()
        ask [[create java f,g
            create ours f,g
            put java 00000001 f:bo boolean true
            put java 00000001 f:i1 byte -128
            put java 00000001 f:i2 short -32768
            put java 00000001 f:i4 int 2147483647
            put java 00000001 f:i8 long -9223372036854775808
            put java 00000001 f:f4 float 1.5
            put java 00000001 f:f8 double -1e300
            put java 00000001 f:de decimal -12345678901234567890.1250
            put java 00000001 f:s string é🌊
            put java 00000001 f:bin hex 00ff27
            put java 00000001 g:d int 18262
            put java 00000001 g:t int 86399999
            put java 00000001 g:ts long -1
            put java fffffffe f:bo boolean false
            put java fffffffe f:de decimal 0.0000
            put java fffffffe f:s string null
            put java fffffffe f:i4 hex
            put java fffffffe f:other string unknown]]
        local t_env = environment()
        create(t_env, "java", TYPES)
        create(t_env, "ours", TYPES, ", 'sink.ignore-null-value' = 'true'")
        local list = rows(t_env, "SELECT * FROM java")
        assert.equal(2, #list)
        has(list[1], "bo=true, i1=-128, i2=-32768, i4=2147483647, i8=-9223372036854775808, f4=1.5, "
            .. "f8=-1e+300, de=-12345678901234567890.1250, s='é🌊'")
        has(list[2], "k=-2, f=Row(bo=false, i1=nil")
        has(list[2], "de=0.0000, s=nil")
        t_env:execute_sql "INSERT INTO ours SELECT * FROM java":wait()
        -- Without the NULLs as texts and as no bytes, and the column nobody has.
        local expected = ask "dump java":gsub("fffffffe f:s [^\n]*\n", "")
            :gsub("fffffffe f:i4 [^\n]*\n", ""):gsub("fffffffe f:other [^\n]*\n", "")
        assert.equal(expected, ask "dump ours")
    end)

    it("writes NULL as Flink does, and reads only what is asked for", function()
        ask "create nulls f,g"
        local t_env = environment()
        create(t_env, "nulls", "k STRING, f ROW<s STRING, i INT>, g ROW<b BYTES>",
            ", 'null-string-literal' = 'nil'")
        t_env:execute_sql([[INSERT INTO nulls SELECT 'a', ROW(CAST(NULL AS STRING),
            CAST(NULL AS INT)), ROW(CAST(NULL AS BYTES))]]):wait()
        assert.equal("61 f:i \n61 f:s 6e696c\n61 g:b \n", ask "dump nulls")
        assert.same({ "Row(k='a', f=Row(s=nil, i=nil), g=Row(b=nil))" },
            rows(t_env, "SELECT * FROM nulls"))
        assert.same({ "Row(k='a')" }, rows(t_env, "SELECT k FROM nulls"))
        assert.same({ "Row(s=nil)" }, rows(t_env, "SELECT nulls.f.s FROM nulls"))
    end)

    it("applies changes by key as they come", function()
        ask "create kv f 40 80"
        local Types, RowKind = moontide.Types, moontide.RowKind
        local INT = Types.INT()
        for seed, flush_rows in ipairs { 7, 1000, 1 } do
            local t_env, env = environment()
            create(t_env, "kv", "k INT, f ROW<v INT>, PRIMARY KEY (k) NOT ENFORCED",
                (", 'sink.buffer-flush.max-rows' = '%d'"):format(flush_rows))
            math.randomseed(seed)
            local list, left = {}, {}
            for i = 1, 1500 do
                local k, delete = math.random(-60, 60) * 0x1000000, math.random(4) == 1
                list[i], left[k] = { delete and 1 or 0, k, i }, not delete and i or nil
            end
            -- All that an earlier round left is changed or deleted.
            for n = -60, 60 do
                local k = n * 0x1000000
                if left[k] == nil then
                    list[#list + 1] = { 1, k, 0 }
                end
            end
            local changes = env:from_collection(list, Types.ROW { INT, INT, INT })
                :map(function(record)
                    local row = moontide.Row(record[2], moontide.Row(record[3]))
                    row:set_row_kind(record[1] == 1 and RowKind.DELETE or RowKind.UPDATE_AFTER)
                    return row
                end, Types.ROW_NAMED({ "k", "f" }, { INT, Types.ROW_NAMED({ "v" }, { INT }) }))
            t_env:from_changelog_stream(changes):execute_insert("kv"):wait()
            local n, found = 0, rows(t_env, "SELECT k, kv.f.v AS v FROM kv")
            for k, v in pairs(left) do
                n, left[k] = n + 1, ("Row(k=%d, v=%d)"):format(k, v)
            end
            local expected = {}
            for _, text in pairs(left) do
                expected[#expected + 1] = text
            end
            table.sort(expected)
            table.sort(found)
            assert.same(expected, found, "seed " .. seed)
        end
    end)

    it("scans many rows of many regions, each once", function()
        ask [[create many f 00000bb8 00001388 00001f40
            fill many f 20000]]
        local t_env = environment(2)
        create(t_env, "many", "k INT, f ROW<q STRING>",
            ", 'properties.hbase.client.scanner.caching' = '700'")
        local list = rows(t_env, "SELECT k, many.f.q FROM many")
        assert.equal(20000, #list)
        for i = 1, 20000 do
            if list[i] ~= ("Row(k=%d, q='v%d')"):format(i - 1, i - 1) then
                error("row " .. i .. " is " .. list[i])
            end
        end
    end)

    it("finds rows by key, also when their region was split meanwhile", function()
        ask [[create dim f
            fill dim f 1000]]
        local t_env = environment()
        create(t_env, "dim", "k INT, f ROW<q STRING>, PRIMARY KEY (k) NOT ENFORCED")
        local dim = t_env:from_path "dim"
        assert.equal("v700", dim:lookup(700)[1].f.q)
        ask "split dim 00000200"
        assert.equal("v7", dim:lookup(7)[1].f.q)
        assert.equal("v701", dim:lookup(701)[1].f.q)
        assert.same({}, dim:lookup(1000))
    end)

    it("does what its page shows", function()
        ask "create users info,score"
        local page = process.read "docs/connectors/hbase.md"
        local t_env = environment()
        t_env:execute_sql((page:match "```sql\n(.-)\n```":gsub("zookeeper.example:2181", address)))
        t_env:execute_sql([[INSERT INTO users SELECT 7, ROW('Ada', DATE '1815-12-10'),
            ROW(CAST(9 AS BIGINT))]]):wait()
        local shown
        local chunk = assert(loadstring(page:match "```lua\n(.-)\n```"))
        setfenv(chunk, { t_env = t_env, print = function(text)
            shown = text
        end })()
        assert.equal("Ada", shown)
    end)

    it("says what is wrong at the start", function()
        ask "create mine f"
        local t_env = environment()
        create(t_env, "yours", "k INT, f ROW<v INT>")
        has(failure(rows, t_env, "SELECT * FROM yours"), "HBase has no table 'yours'")
        create(t_env, "mine", "k INT, g ROW<v INT>")
        has(failure(function()
            t_env:execute_sql("INSERT INTO mine SELECT 1, ROW(2)"):wait()
        end), "NoSuchColumnFamilyException")
        t_env:execute_sql(([[CREATE TABLE lost (k INT, f ROW<v INT>) WITH (
            'connector' = 'hbase-1.4', 'table-name' = 'mine', 'zookeeper.quorum' = '%s',
            'zookeeper.znode.parent' = '/elsewhere')]]):format(address))
        has(failure(rows, t_env, "SELECT * FROM lost"), "'zookeeper.znode.parent' is wrong")
        t_env:execute_sql(([[CREATE TABLE older (k STRING, f ROW<v INT>) WITH (
            'connector.type' = 'hbase', 'connector.version' = '1.4.3',
            'connector.table-name' = 'mine', 'connector.zookeeper.quorum' = '%s')]])
            :format(address))
        ask "put mine 61 f:v string abc"
        has(failure(rows, t_env, "SELECT * FROM older"), "column 'f.v' has 3 bytes that are no INT")
        t_env:execute_sql(([[CREATE TABLE gone (k INT, f ROW<v INT>) WITH (
            'connector' = 'hbase-2.2', 'table-name' = 'mine',
            'zookeeper.quorum' = '127.0.0.1:%d')]]):format(net.free_ports(1)))
        has(failure(rows, t_env, "SELECT * FROM gone"), "no ZooKeeper at")
    end)

    it("loses nothing when regions split and the server is killed under load", function()
        ask "create load f"
        local t_env, env = environment()
        env:enable_checkpointing(500)
        t_env:execute_sql [[CREATE TABLE numbers (n INT) WITH ('connector' = 'datagen',
            'rows-per-second' = '1500', 'fields.n.kind' = 'sequence', 'fields.n.start' = '1',
            'fields.n.end' = '15000')]]
        create(t_env, "load", "k INT, f ROW<v INT>, PRIMARY KEY (k) NOT ENFORCED",
            ", 'sink.buffer-flush.max-rows' = '100'")
        local job = t_env:execute_sql "INSERT INTO load SELECT n, ROW(n * 2) FROM numbers"
        ask "split load 00000400"
        tell "pause"
        tell "go"
        tell "kill"
        tell "resume"
        job:wait()
        assert.equal("15000\n", ask "count load")
        local list = rows(t_env, "SELECT k, load.f.v AS v FROM load")
        assert.equal("Row(k=15000, v=30000)", list[15000])
    end)
end)
