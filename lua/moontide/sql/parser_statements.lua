--- The grammar of statements: what a text begins with, and all but DDL.
-- @module moontide.sql.parser_statements
local Cursor = require "moontide.sql.cursor"
local problem = require "moontide.sql.problem"

-- ---- SHOW, DESCRIBE, USE --------------------------------------------------------------------

-- What SHOW takes, longest first, and whether a name follows: "FROM c" or "t".
local SHOW = {
    { { "CATALOGS" } },
    { { "CURRENT", "CATALOG" } },
    { { "CURRENT", "DATABASE" } },
    { { "DATABASES" }, from = 1 },
    { { "TABLES" }, from = 2 },
    { { "VIEWS" }, from = 2 },
    { { "COLUMNS" }, from = 3, needed = true },
    { { "CREATE", "TABLE" }, name = 3 },
    { { "CREATE", "VIEW" }, name = 3 },
    { { "CREATE", "CATALOG" }, name = 1 },
    { { "USER", "FUNCTIONS" }, from = 2 },
    { { "FUNCTIONS" }, from = 2 },
    { { "FULL", "MODULES" } },
    { { "MODULES" } },
    { { "JARS" } },
    { { "JOBS" } },
    { { "PARTITIONS" }, later = true },
    { { "PROCEDURES" }, later = true },
}

local function show_names()
    local names = {}
    for i, form in ipairs(SHOW) do
        names[i] = form[1][1]
    end
    return names
end

local function like(self, node)
    local negated = self:accept "NOT" or nil
    if self:accept "LIKE" then
        node.like, node.negated = self:string "a pattern in single quotes", negated
    elseif self:accept "ILIKE" then
        node.like, node.negated, node.ignore_case = self:string "a pattern in single quotes",
            negated, true
    elseif negated then
        self:fail("LIKE", "ILIKE")
    end
    return node
end

local function show_form(self, node, form)
    if form.later then
        self:unsupported("SHOW " .. node.what, node.pos)
    elseif form.name then
        self:path_of(node, ("a %s's name"):format(form[1][2]:lower()), form.name)
    elseif form.from and (self:accept "FROM" or self:accept "IN") then
        self:path_of(node, "a name", form.from)
    elseif form.needed then
        self:fail("FROM", "IN")
    end
    return like(self, node)
end

local function show(self, pos)
    for _, form in ipairs(SHOW) do
        if self:accept_all(unpack(form[1])) then
            return show_form(self, { kind = "show", pos = pos, what = table.concat(form[1], " ") },
                form)
        end
    end
    local hint = self.kind[self.i] == "word" and problem.hint(self.key[self.i], show_names(), true)
    if not hint or hint == "" then
        hint = ": it takes CATALOGS, DATABASES, TABLES, VIEWS, COLUMNS FROM t, CREATE TABLE t, ..."
    end
    return self:problem(("SHOW can't list %s%s"):format(self:found(), hint))
end

local function describe(self, pos)
    for _, what in ipairs { "CATALOG", "DATABASE", "FUNCTION", "JOB" } do
        if self:at(what) and (self:at_name(1) or self:at("EXTENDED", 1)) then
            self:unsupported("DESCRIBE " .. what)
        end
    end
    local extended = self:at_name(1) and self:accept "EXTENDED" or nil
    self:accept "TABLE"
    return self:path_of({ kind = "describe", pos = pos, extended = extended }, "a table's name")
end

local function use(self, pos)
    if self:at "CATALOG" and self:at_name(1) then
        self.i = self.i + 1
        return self:path_of({ kind = "use", pos = pos, what = "CATALOG" }, "a catalog's name", 1)
    elseif self:at "MODULES" and self:at_name(1) then
        self.i = self.i + 1
        return { kind = "use", pos = pos, what = "MODULES",
            names = self:list(self.name, "a module's name") }
    end
    if self:at "DATABASE" and self:at_name(1) then
        self.i = self.i + 1
    end
    return self:path_of({ kind = "use", pos = pos, what = "DATABASE" }, "a database's name", 2)
end

-- ---- SET, RESET, jars -------------------------------------------------------------------------

--- The unquoted `SET key = value` of older clients: the text up to ';'.
local function rest_of_text(self)
    local from, stop = self:pos(), nil
    while self.kind[self.i] ~= "end" and not self:at ";" do
        stop = self.stop[self.i]
        self.i = self.i + 1
    end
    return stop and self.text:sub(from, stop) or ""
end

local function set(self, pos)
    local node = { kind = "set", pos = pos }
    if self.kind[self.i] == "string" then
        node.key = self:string()
        self:expect "="
        node.value = self:string "the value in single quotes"
    elseif self.kind[self.i] ~= "end" and not self:at ";" then
        local written = rest_of_text(self)
        node.key, node.value = written:match "^([%w_.%-]+)%s*=%s*(.-)$"
        if not node.key then
            self:problem("SET is written SET 'key' = 'value'", pos)
        end
        node.value = node.value:match "^'(.*)'$" or node.value
    end
    return node
end

local function reset(self, pos)
    local node = { kind = "reset", pos = pos }
    if self.kind[self.i] == "string" then
        node.key = self:string()
    elseif self.kind[self.i] == "word" then
        node.key = rest_of_text(self)
    end
    return node
end

local function jar(what)
    return function(self, pos)
        self:expect "JAR"
        return { kind = "jar", pos = pos, what = what,
            name = self:string "a path in single quotes" }
    end
end

-- ---- INSERT and statement sets ------------------------------------------------------

local function partition_item(self)
    local item = { self:name "a column's name" }
    item[2] = self:accept "=" and self:expression() or nil
    return item
end

local function insert(self, pos)
    local node = { kind = "insert", pos = pos, overwrite = self:accept "OVERWRITE" or nil }
    if not node.overwrite then
        self:expect("INTO", "OVERWRITE")
    end
    self:accept "TABLE"
    self:path_of(node, "a table's name")
    node.options = self:table_hints()
    if self:accept "PARTITION" then
        node.partition = self:parenthesised(partition_item)
    end
    -- "(" begins a list of columns or a query in parentheses.
    if self:at "(" and self:at_name(1) then
        node.columns_pos = self:pos()
        node.columns = self:names "a column's name"
    end
    node.query = self:query()
    return node
end

--- INSERTs up to END, each closed by ';'.
local function inserts(self, pos)
    local node = { kind = "statement_set", pos = pos, statements = {} }
    while not self:accept "END" do
        local at = self:pos()
        self:accept "EXECUTE"
        self:expect("INSERT", "END")
        node.statements[#node.statements + 1] = insert(self, at)
        self:expect(";")
    end
    if #node.statements == 0 then
        self:problem("a statement set holds at least one INSERT", pos)
    end
    return node
end

local function statement_set(self, pos)
    self:expect "BEGIN"
    return inserts(self, pos)
end

local function execute(self, pos)
    if self:accept_all("STATEMENT", "SET") then
        return statement_set(self, pos)
    elseif self:accept "INSERT" then
        return insert(self, pos)
    elseif self:at "PLAN" then
        self:unsupported "EXECUTE PLAN"
    end
    return { kind = "query", pos = pos, query = self:query() }
end

--- BEGIN STATEMENT SET; ... END, as SQL clients of older releases write it.
local function begin(self, pos)
    self:expect_all("STATEMENT", "SET")
    self:expect ";"
    return inserts(self, pos)
end

-- ---- EXPLAIN ------------------------------------------------------------------------

local DETAILS = { ESTIMATED_COST = true, CHANGELOG_MODE = true, JSON_EXECUTION_PLAN = true,
    PLAN_ADVICE = true }

local function explain(self, pos)
    local node = { kind = "explain", pos = pos, details = {} }
    if not self:accept_all("PLAN", "FOR") then
        while DETAILS[self.key[self.i]] do
            node.details[self.key[self.i]] = true
            self.i = self.i + 1
            if not self:accept "," then
                break
            end
        end
    end
    local at = self:pos()
    if self:accept_all("STATEMENT", "SET") then
        node.statement = statement_set(self, at)
    elseif self:accept "INSERT" then
        node.statement = insert(self, at)
    else
        node.statement = self:accept "EXECUTE" and execute(self, at)
            or { kind = "query", pos = at, query = self:query() }
    end
    return node
end

-- ---- a text's beginning -------------------------------------------------------------

local function query(self, pos)
    self.i = self.i - 1
    return { kind = "query", pos = pos, query = self:query() }
end

local function later(name)
    return function(self, pos)
        return self:unsupported(name, pos)
    end
end

local STATEMENTS = {
    CREATE = Cursor.create, DROP = Cursor.drop, ALTER = Cursor.alter,
    SHOW = show, DESCRIBE = describe, DESC = describe, USE = use,
    SET = set, RESET = reset, ADD = jar "ADD", REMOVE = jar "REMOVE",
    INSERT = insert, EXECUTE = execute, BEGIN = begin, EXPLAIN = explain,
    SELECT = query, WITH = query, VALUES = query, TABLE = query,
    UPDATE = later "UPDATE", DELETE = later "DELETE", MERGE = later "MERGE", CALL = later "CALL",
    TRUNCATE = later "TRUNCATE TABLE", ANALYZE = later "ANALYZE TABLE", LOAD = later "LOAD MODULE",
    UNLOAD = later "UNLOAD MODULE", STOP = later "STOP JOB", COMPILE = later "COMPILE PLAN",
    REPLACE = later "REPLACE TABLE", QUIT = later "QUIT", HELP = later "HELP",
}

local function unknown_statement(self)
    if self.kind[self.i] == "end" then
        self:problem "the statement is empty"
    end
    local names = {}
    for name in pairs(STATEMENTS) do
        names[#names + 1] = name
    end
    table.sort(names)
    local hint = self.kind[self.i] == "word" and problem.hint(self.key[self.i], names, true) or ""
    return self:problem(("expected a statement but found %s%s"):format(self:found(), hint))
end

--- One statement.
function Cursor:statement()
    local pos, rule = self:pos(), STATEMENTS[self.key[self.i]]
    if self:at "(" then
        return { kind = "query", pos = pos, query = self:query() }
    elseif not rule then
        return unknown_statement(self)
    end
    self.i = self.i + 1
    return rule(self, pos)
end

return Cursor
