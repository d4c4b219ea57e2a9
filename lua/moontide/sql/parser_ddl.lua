--- The grammar of CREATE, DROP and ALTER.
-- @module moontide.sql.parser_ddl
local Cursor = require "moontide.sql.cursor"

-- ---- options ---------------------------------------------------------------------------

local function option(self)
    local pos = self:pos()
    local key = self:string "an option's name in single quotes"
    self:expect "="
    return { key, self:string "the option's value in single quotes", pos = pos }
end

--- ('k' = 'v', ...): no key twice.
-- @treturn table a sequence of { key, value, pos = }
function Cursor:options()
    self:expect "("
    if self:accept ")" then
        return {}
    end
    local options, seen = self:list(option), {}
    if not self:accept ")" then
        self:fail(",", ")")
    end
    for _, pair in ipairs(options) do
        if seen[pair[1]] then
            self:problem(("option '%s' stands twice"):format(pair[1]), pair.pos)
        end
        seen[pair[1]] = true
    end
    return options
end

--- ('k', ...) of RESET.
local function option_keys(self)
    return self:parenthesised(self.string, "an option's name in single quotes")
end

local function comment(self)
    return self:accept "COMMENT" and self:string "the comment in single quotes" or nil
end

local function if_not_exists(self)
    return self:accept_all("IF", "NOT", "EXISTS") or nil
end

local function if_exists(self)
    return self:accept_all("IF", "EXISTS") or nil
end

-- ---- columns and constraints -------------------------------------------------------------

--- NOT ENFORCED behind a key. Moontide reads what others own, so it can't
-- promise more than they do.
local function not_enforced(self)
    local pos = self:pos()
    if not self:accept_all("NOT", "ENFORCED") then
        self:accept "ENFORCED"
        self:problem("a PRIMARY KEY must be declared NOT ENFORCED: the data belongs to the system "
            .. "outside, so nobody here can check that it holds", pos)
    end
end

local function refuse_unique(self)
    if self:at "UNIQUE" then
        self:problem "UNIQUE constraints can't be declared, only PRIMARY KEY (...) NOT ENFORCED"
    end
end

--- [CONSTRAINT c] PRIMARY KEY (a, b) NOT ENFORCED.
local function table_constraint(self, pos)
    local name = self:accept "CONSTRAINT" and self:name "a constraint's name" or nil
    refuse_unique(self)
    self:expect_all("PRIMARY", "KEY")
    local columns = self:names "a column's name"
    not_enforced(self)
    return { kind = "primary_key", pos = pos, name = name, columns = columns }
end

local function watermark(self, pos)
    self:expect_all("WATERMARK", "FOR")
    local path = { self:name "a column's name" }
    while self:accept "." do
        path[#path + 1] = self:name "a field's name"
    end
    self:expect("AS", ".")
    return { kind = "watermark", pos = pos, path = path, expr = self:expression() }
end

local function metadata(self)
    local key = self:accept "FROM" and self:string "the metadata's key in single quotes" or nil
    return { key = key, virtual = self:accept "VIRTUAL" or nil }
end

--- What may follow a physical column's type. A key there is an element of its
-- own, returned second.
local function physical_suffix(self, column)
    local key
    local pos = self:pos()
    refuse_unique(self)
    if self:at "CONSTRAINT" or self:at "PRIMARY" then
        local name = self:accept "CONSTRAINT" and self:name "a constraint's name" or nil
        refuse_unique(self)
        self:expect_all("PRIMARY", "KEY")
        not_enforced(self)
        key = { kind = "primary_key", pos = pos, name = name, columns = { column.name } }
    end
    if self:accept "METADATA" then
        column.metadata = metadata(self)
    end
    return key
end

--- FIRST or AFTER x, which ALTER TABLE takes.
local function place(self, column)
    if self:accept "FIRST" then
        column.first = true
    elseif self:accept "AFTER" then
        column.after = self:name "a column's name"
    end
end

--- One element of a table's schema, appended to `elements`.
local function schema_element(self, elements, alters)
    local pos = self:pos()
    if self:sees("WATERMARK", "FOR") then
        elements[#elements + 1] = watermark(self, pos)
        return
    elseif self:at "CONSTRAINT" or self:at "UNIQUE" or self:sees("PRIMARY", "KEY") then
        elements[#elements + 1] = table_constraint(self, pos)
        return
    end
    local column = { kind = "column", pos = pos, name = self:name "a column's name" }
    local key
    if self:accept "AS" then
        column.expr = self:expression()
    else
        column.type = self:type()
        key = physical_suffix(self, column)
    end
    column.comment = comment(self)
    if alters then
        place(self, column)
    end
    elements[#elements + 1] = column
    elements[#elements + 1] = key
end

--- Elements in parentheses.
local function schema(self, alters)
    local elements = {}
    self:expect "("
    repeat
        schema_element(self, elements, alters)
    until not self:accept ","
    if not self:accept ")" then
        self:fail(",", ")")
    end
    return elements
end

-- ---- CREATE TABLE --------------------------------------------------------------------------

local LIKE_RULES = { INCLUDING = true, EXCLUDING = true, OVERWRITING = true }
local LIKE_SUBJECTS = {
    "ALL", "CONSTRAINTS", "DISTRIBUTION", "GENERATED", "METADATA", "OPTIONS", "PARTITIONS",
    "WATERMARKS",
}
local OVERWRITABLE = { GENERATED = true, METADATA = true, OPTIONS = true, WATERMARKS = true }

local function like_rule(self)
    local pos, rule = self:pos(), self.key[self.i]
    if not LIKE_RULES[rule] then
        self:fail("INCLUDING", "EXCLUDING", "OVERWRITING")
    end
    self.i = self.i + 1
    for _, what in ipairs(LIKE_SUBJECTS) do
        if self:accept(what) then
            if rule == "OVERWRITING" and not OVERWRITABLE[what] then
                self:problem(("OVERWRITING %s has no meaning: it takes GENERATED, METADATA, "
                    .. "OPTIONS or WATERMARKS"):format(what), pos)
            end
            return { rule = rule, what = what, pos = pos }
        end
    end
    return self:fail(unpack(LIKE_SUBJECTS))
end

local function like(self)
    local node = { pos = self:pos(), path = self:path "a table's name", rules = {} }
    if self:accept "(" then
        while not self:accept ")" do
            node.rules[#node.rules + 1] = like_rule(self)
            self:accept ","
        end
    end
    return node
end

local function create_table(self, node)
    node.kind, node.if_not_exists = "create_table", if_not_exists(self)
    self:path_of(node, "a table's name")
    node.elements = self:at "(" and schema(self) or {}
    node.comment = comment(self)
    if self:at "DISTRIBUTED" then
        self:unsupported "DISTRIBUTED"
    end
    if self:accept "PARTITIONED" then
        self:expect "BY"
        node.partitioned_by = self:names "a column's name"
    end
    node.options = self:accept "WITH" and self:options() or {}
    if self:accept "LIKE" then
        node.like = like(self)
    elseif self:accept "AS" then
        node.query = self:query()
    elseif self.kind[self.i] ~= "end" and not self:at ";" then
        self:fail("WITH", "LIKE", "AS", "COMMENT", "PARTITIONED", "the end of the statement")
    end
    return node
end

-- ---- the rest of CREATE ----------------------------------------------------------------------

local function create_view(self, node)
    node.kind, node.if_not_exists = "create_view", if_not_exists(self)
    self:path_of(node, "a view's name")
    node.columns = self:at "(" and self:names "a column's name" or nil
    node.comment = comment(self)
    self:expect("AS", "COMMENT", not node.columns and "(" or nil)
    local from = self:pos()
    node.query = self:query()
    node.query_text = self:slice(from)
    return node
end

local function create_database(self, node)
    node.kind, node.if_not_exists = "create_database", if_not_exists(self)
    self:path_of(node, "a database's name", 2)
    node.comment = comment(self)
    node.options = self:accept "WITH" and self:options() or {}
    return node
end

local function create_catalog(self, node)
    node.kind, node.if_not_exists = "create_catalog", if_not_exists(self)
    self:path_of(node, "a catalog's name", 1)
    node.comment = comment(self)
    node.options = self:accept "WITH" and self:options() or {}
    return node
end

--- A function's name and where it is.
local function function_place(self, node)
    self:path_of(node, "a function's name", node.system and 1 or nil)
    self:expect "AS"
    node.class = self:string "the function's place in single quotes, such as 'module.name'"
    if self:accept "LANGUAGE" then
        node.language = self:name("a language"):upper()
    end
    if self:at "USING" then
        self:unsupported "USING JAR"
    end
    return node
end

local function create_function(self, node)
    node.kind, node.if_not_exists = "create_function", if_not_exists(self)
    return function_place(self, node)
end

local CREATE = {
    TABLE = create_table, VIEW = create_view, DATABASE = create_database, CATALOG = create_catalog,
    FUNCTION = create_function,
}
local LATER = { MATERIALIZED = "MATERIALIZED TABLE", MODEL = "MODEL", OR = "CREATE OR REPLACE" }

--- CREATE and DROP say what they are about: gives the word.
local function subject(self, verb, temporary)
    for word, name in pairs(LATER) do
        if self:at(word) then
            self:unsupported(word == "OR" and name or verb .. " " .. name)
        end
    end
    for word in pairs(CREATE) do
        if self:at(word) and not (temporary and (word == "DATABASE" or word == "CATALOG")) then
            self.i = self.i + 1
            return word
        end
    end
    if temporary then
        return self:fail("TABLE", "VIEW", "FUNCTION")
    end
    return self:fail("TABLE", "VIEW", "DATABASE", "CATALOG", "FUNCTION", "TEMPORARY")
end

local function temporary(self, node)
    node.temporary = self:accept "TEMPORARY" or nil
    node.system = node.temporary and self:accept "SYSTEM" or nil
    if node.system and not self:at "FUNCTION" then
        self:fail "FUNCTION"
    end
    return node
end

function Cursor:create(pos)
    local node = temporary(self, { pos = pos })
    return CREATE[subject(self, "CREATE", node.temporary)](self, node)
end

-- How many parts a name of these may have; three for others.
local PARTS = { CATALOG = 1, DATABASE = 2 }

function Cursor:drop(pos)
    local node = temporary(self, { kind = "drop", pos = pos })
    node.what = subject(self, "DROP", node.temporary)
    node.if_exists = if_exists(self)
    self:path_of(node, ("a %s's name"):format(node.what:lower()), PARTS[node.what])
    if node.what == "DATABASE" then
        node.cascade = not self:accept "RESTRICT" and self:accept "CASCADE" or nil
    end
    return node
end

-- ---- ALTER --------------------------------------------------------------------------

local function alter_elements(self, kind)
    if self:at "PARTITION" then
        self:unsupported("ALTER TABLE " .. kind:upper() .. " PARTITION")
    elseif self:at "DISTRIBUTION" then
        self:unsupported("ALTER TABLE " .. kind:upper() .. " DISTRIBUTION")
    elseif self:at "(" then
        return { kind = kind, elements = schema(self, true) }
    end
    local action = { kind = kind, elements = {} }
    schema_element(self, action.elements, true)
    return action
end

local function alter_drop(self)
    if self:accept_all("PRIMARY", "KEY") then
        return { kind = "drop_primary_key" }
    elseif self:accept "CONSTRAINT" then
        return { kind = "drop_constraint", pos = self:pos(),
            name = self:name "a constraint's name" }
    elseif self:accept "WATERMARK" then
        return { kind = "drop_watermark" }
    elseif self:at "PARTITION" or self:at "DISTRIBUTION" then
        self:unsupported("ALTER TABLE DROP " .. self.key[self.i])
    end
    return { kind = "drop_columns", pos = self:pos(),
        names = self:at "(" and self:names "a column's name" or { self:name "a column's name" } }
end

local function alter_rename(self)
    if self:accept "TO" then
        return { kind = "rename", pos = self:pos(), to = self:path "a new name" }
    end
    local action = { kind = "rename_column", pos = self:pos(), from = self:name "a column's name" }
    self:expect "TO"
    action.to = self:name "a new name"
    return action
end

local ALTER_TABLE = {
    RENAME = alter_rename,
    SET = function(self)
        return { kind = "set", options = self:options() }
    end,
    RESET = function(self)
        return { kind = "reset", keys = option_keys(self) }
    end,
    ADD = function(self)
        return alter_elements(self, "add")
    end,
    MODIFY = function(self)
        return alter_elements(self, "modify")
    end,
    DROP = alter_drop,
}

local function action_of(self, actions)
    local key = self.key[self.i]
    if not actions[key] then
        local names = {}
        for name in pairs(actions) do
            names[#names + 1] = name
        end
        table.sort(names)
        self:fail(unpack(names))
    end
    self.i = self.i + 1
    return actions[key](self)
end

local ALTER_VIEW = {
    RENAME = function(self)
        self:expect "TO"
        return { kind = "rename", pos = self:pos(), to = self:path "a new name" }
    end,
    AS = function(self)
        local from = self:pos()
        local action = { kind = "query", query = self:query() }
        action.query_text = self:slice(from)
        return action
    end,
}

local ALTER_OPTIONS = {
    SET = ALTER_TABLE.SET,
    RESET = ALTER_TABLE.RESET,
    COMMENT = function(self)
        return { kind = "comment", comment = self:string "the comment in single quotes" }
    end,
}

local ALTER = {
    TABLE = function(self, node)
        node.kind, node.if_exists = "alter_table", if_exists(self)
        self:path_of(node, "a table's name")
        node.action = action_of(self, ALTER_TABLE)
    end,
    VIEW = function(self, node)
        node.kind = "alter_view"
        self:path_of(node, "a view's name")
        node.action = action_of(self, ALTER_VIEW)
    end,
    DATABASE = function(self, node)
        node.kind = "alter_database"
        self:path_of(node, "a database's name", 2)
        node.action = action_of(self, { SET = ALTER_OPTIONS.SET })
    end,
    CATALOG = function(self, node)
        node.kind = "alter_catalog"
        self:path_of(node, "a catalog's name", 1)
        node.action = action_of(self, ALTER_OPTIONS)
    end,
}

--- ALTER FUNCTION puts another function in the place of one.
local function alter_function(self, node)
    node.temporary = self:accept "TEMPORARY" or nil
    node.system = node.temporary and self:accept "SYSTEM" or nil
    self:expect "FUNCTION"
    node.kind, node.if_exists = "alter_function", if_exists(self)
    return function_place(self, node)
end

function Cursor:alter(pos)
    local node = { pos = pos }
    if self:at "FUNCTION" or self:at "TEMPORARY" then
        return alter_function(self, node)
    elseif self:at "MATERIALIZED" then
        self:unsupported "ALTER MATERIALIZED TABLE"
    end
    for word, rule in pairs(ALTER) do
        if self:accept(word) then
            rule(self, node)
            return node
        end
    end
    return self:fail("TABLE", "VIEW", "DATABASE", "CATALOG", "FUNCTION")
end

return Cursor
