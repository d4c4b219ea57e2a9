local moontide = require "moontide"
local process = require "process"

local path

local function run(sql)
    local result = process.run(("sqlite3 %s %s"):format(path, process.quote(sql)))
    assert.equal("", result.err)
end

local function message(f, ...)
    local ok, err = pcall(f, ...)
    assert.is_false(ok)
    return err.message
end

-- A table over the file's table of that name.
local function declare(columns, name, more)
    local t_env = moontide.TableEnvironment.create()
    t_env:execute_sql(([[CREATE TABLE t (%s) WITH ('connector' = 'jdbc',
        'url' = 'jdbc:sqlite:%s', 'table-name' = '%s' %s)]]):format(columns, path, name,
        more or ""))
    return t_env:from_path "t", t_env
end

local PEOPLE = "id INT, name STRING, PRIMARY KEY (id) NOT ENFORCED"

describe("Table:lookup", function()
    before_each(function()
        path = os.tmpname()
        run [[CREATE TABLE people (id INT, name TEXT);
            INSERT INTO people VALUES (1, 'one'), (2, 'two'), (3, 'two')]]
    end)

    after_each(function()
        os.remove(path)
    end)

    it("gives the rows of a primary key", function()
        local people = declare(PEOPLE, "people")
        local rows = people:lookup(1)
        assert.equal(1, #rows)
        assert.equal("one", rows[1].name)
        assert.equal(1, rows[1][1])
        assert.same({}, people:lookup(9))
    end)

    it("takes columns by name", function()
        local people = declare("name STRING, id INT", "people")
        assert.equal(2, #people:lookup { name = "two" })
        assert.equal(1, #people:lookup { name = "two", id = 3 })
        assert.equal("Row(name='one', id=1)", tostring(people:lookup { id = 1 }[1]))
    end)

    it("finds nothing for NULL", function()
        assert.same({}, declare(PEOPLE, "people"):lookup(moontide.null))
    end)

    it("asks again without a cache, and not with one", function()
        local CACHE = ", 'lookup.cache' = 'PARTIAL', 'lookup.partial-cache.max-rows' = '10'"
        local plain, cached = declare(PEOPLE, "people"), declare(PEOPLE, "people", CACHE)
        assert.equal("one", plain:lookup(1)[1].name .. "")
        assert.equal("one", cached:lookup(1)[1].name)
        assert.equal(0, #cached:lookup(4))
        run "UPDATE people SET name = 'uno' WHERE id = 1; INSERT INTO people VALUES (4, 'x')"
        assert.equal("uno", plain:lookup(1)[1].name)
        assert.equal("one", cached:lookup(1)[1].name)
        assert.equal(0, #cached:lookup(4))
    end)

    it("keeps no missing keys when told not to", function()
        local people = declare(PEOPLE, "people", [[, 'lookup.cache.max-rows' = '10',
            'lookup.cache.ttl' = '1 h', 'lookup.cache.caching-missing-key' = 'false']])
        assert.equal(0, #people:lookup(4))
        run "INSERT INTO people VALUES (4, 'four')"
        assert.equal("four", people:lookup(4)[1].name)
    end)

    it("carries every type", function()
        run [[CREATE TABLE kinds (b, i, d, s, day, ts);
            INSERT INTO kinds VALUES (1, 9007199254740993, '1.50', 'x', '2020-01-02',
                '2020-01-02 03:04:05.678')]]
        local kinds = declare("b BOOLEAN, i BIGINT, d DECIMAL(5, 2), s STRING, day DATE, "
            .. "ts TIMESTAMP(3)", "kinds")
        local want = "Row(b=true, i=9007199254740993, d=1.50, s='x', day=2020-01-02, "
            .. "ts=2020-01-02 03:04:05.678)"
        local row = kinds:lookup { s = "x" }[1]
        for _, name in ipairs { "b", "i", "d", "day", "ts" } do
            local again = kinds:lookup { [name] = row[name] }
            assert.equal(1, #again, name)
        end
        assert.equal(want:gsub("%p", ""), (tostring(row):gsub("%p", ""):gsub("T03", " 03")))
    end)

    it("says what is wrong", function()
        local people, t_env = declare(PEOPLE, "people")
        assert.equal("table 'default_catalog.default_database.t' has no column 'nam', did you "
            .. "mean 'name'?", message(people.lookup, people, { nam = 1 }))
        assert.truthy(message(people.lookup, people, { id = "x" })
            :find("field 'id' must be a whole number", 1, true))
        assert.equal("bad argument #1 to 'lookup' (2 values for a key of 1 columns)",
            message(people.lookup, people, { 1, 2 }))
        assert.equal("bad argument #1 to 'lookup' (a key expected, got nil)",
            message(people.lookup, people))
        local keyless = declare("id INT", "people")
        assert.truthy(message(keyless.lookup, keyless, 1):find("has no PRIMARY KEY", 1, true))
        local query = t_env:sql_query "SELECT id FROM t"
        assert.truthy(message(query.lookup, query, 1):find("not a query", 1, true))
        local missing = declare(PEOPLE, "nobody")
        assert.truthy(message(missing.lookup, missing, 1):find("no such table: nobody", 1, true))
    end)
end)
