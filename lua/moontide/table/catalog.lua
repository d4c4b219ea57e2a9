--- Catalogs, databases and what is in them, in memory.
--
-- A path is a sequence { catalog, database, name }. Objects are tables and
-- views as `moontide.table.definition` makes them; they are never changed, only
-- replaced, so whoever holds one keeps what it saw. Temporary objects live
-- beside the catalogs, in any path, and hide permanent ones of the same path.
--
-- What fails returns nil and a sentence; the caller knows the statement and the
-- place in it, and raises.
-- @module moontide.table.catalog
local ast = require "moontide.sql.ast"
local problem = require "moontide.sql.problem"

local Catalog = {}
Catalog.__index = Catalog

local function sorted_keys(t)
    local names = {}
    for name in pairs(t) do
        names[#names + 1] = name
    end
    table.sort(names)
    return names
end

local function new_database(comment, options)
    return { comment = comment, options = options or {}, objects = {} }
end

local function new_catalog(database, comment, options)
    return { databases = { [database] = new_database() }, comment = comment, options = options
        or {} }
end

--- The catalogs of one environment.
-- @tparam string catalog name of the built-in catalog
-- @tparam string database name of its database
function Catalog.new(catalog, database)
    return setmetatable({
        catalogs = { [catalog] = new_catalog(database) },
        catalog = catalog,
        database = database,
        built_in = catalog,
        temporary = {},
    }, Catalog)
end

-- ---- paths ---------------------------------------------------------------------

--- `default_catalog.default_database.t`, as messages and plans name it.
function Catalog.name_of(path)
    return table.concat(path, ".")
end

--- A full path from one of one to three parts.
function Catalog:qualify(parts)
    local n = #parts
    return { n > 2 and parts[n - 2] or self.catalog, n > 1 and parts[n - 1] or self.database,
        parts[n] }
end

--- The full path of a database from one of one or two parts.
function Catalog:qualify_database(parts)
    return #parts > 1 and { parts[1], parts[2] } or { self.catalog, parts[1] }
end

-- ---- catalogs --------------------------------------------------------------------

function Catalog:list_catalogs()
    return sorted_keys(self.catalogs)
end

--- The catalog of that name, or nil and what is wrong.
function Catalog:get_catalog(name)
    local catalog = self.catalogs[name]
    if not catalog then
        return nil, ("catalog '%s' does not exist%s"):format(name,
            problem.hint(name, self:list_catalogs()))
    end
    return catalog
end

--- Makes a catalog in memory.
-- @tparam table options `type` must be "generic_in_memory", `default-database`
-- may name the database that it begins with
function Catalog:create_catalog(name, options, comment)
    if self.catalogs[name] then
        return nil, ("catalog '%s' exists already"):format(name)
    end
    local kind = options.type
    if not kind then
        return nil, "option 'type' is missing: write 'type' = 'generic_in_memory'"
    elseif kind ~= "generic_in_memory" then
        return nil, ("not supported yet: the catalog type '%s'"):format(kind)
    end
    for key in pairs(options) do
        if key ~= "type" and key ~= "default-database" then
            return nil, ("unknown option '%s' of a catalog%s"):format(key,
                problem.hint(key, { "type", "default-database" }))
        end
    end
    self.catalogs[name] = new_catalog(options["default-database"] or "default", comment, options)
    self.catalogs[name].default_database = options["default-database"] or "default"
    return true
end

function Catalog:drop_catalog(name)
    local catalog, message = self:get_catalog(name)
    if not catalog then
        return nil, message
    elseif name == self.catalog then
        return nil, ("catalog '%s' is in use: USE CATALOG another one first"):format(name)
    end
    self.catalogs[name] = nil
    return true
end

function Catalog:use_catalog(name)
    local catalog, message = self:get_catalog(name)
    if not catalog then
        return nil, message
    elseif name ~= self.catalog then
        self.catalog = name
        self.database = catalog.default_database or sorted_keys(catalog.databases)[1] or "default"
    end
    return true
end

-- ---- databases ---------------------------------------------------------------------

function Catalog:list_databases(catalog_name)
    local catalog, message = self:get_catalog(catalog_name or self.catalog)
    if not catalog then
        return nil, message
    end
    return sorted_keys(catalog.databases)
end

--- The database of a path of one or two parts (or of an object's path).
function Catalog:get_database(parts)
    local path = self:qualify_database(parts)
    local catalog, message = self:get_catalog(path[1])
    if not catalog then
        return nil, message
    end
    local database = catalog.databases[path[2]]
    if not database then
        return nil, ("database '%s' does not exist%s"):format(Catalog.name_of(path),
            problem.hint(path[2], sorted_keys(catalog.databases)))
    end
    return database
end

function Catalog:create_database(parts, options, comment)
    local path = self:qualify_database(parts)
    local catalog, message = self:get_catalog(path[1])
    if not catalog then
        return nil, message
    elseif catalog.databases[path[2]] then
        return nil, ("database '%s' exists already"):format(Catalog.name_of(path))
    end
    catalog.databases[path[2]] = new_database(comment, options)
    return true
end

function Catalog:drop_database(parts, cascade)
    local path = self:qualify_database(parts)
    local database, message = self:get_database(path)
    if not database then
        return nil, message
    elseif path[1] == self.catalog and path[2] == self.database then
        return nil, ("database '%s' is in use: USE another one first"):format(Catalog.name_of(path))
    elseif next(database.objects) and not cascade then
        return nil, ("database '%s' is not empty: drop what is in it first, or write CASCADE")
            :format(Catalog.name_of(path))
    end
    self.catalogs[path[1]].databases[path[2]] = nil
    return true
end

function Catalog:use_database(parts)
    local path = self:qualify_database(parts)
    local database, message = self:get_database(path)
    if not database then
        return nil, message
    end
    self.catalog, self.database = path[1], path[2]
    return true
end

-- ---- tables and views -------------------------------------------------------------------

--- Is there a permanent object of that full path?
function Catalog:permanent(path)
    local catalog = self.catalogs[path[1]]
    local database = catalog and catalog.databases[path[2]]
    return database and database.objects[path[3]]
end

--- The object of a path, temporary ones first; nil when there is none.
-- @tparam table parts one to three names
-- @treturn ?table the object
-- @treturn table the full path
-- @treturn boolean is it temporary?
function Catalog:find(parts)
    local path = self:qualify(parts)
    local temporary = self.temporary[ast.path_text(path)]
    return temporary and temporary.object or self:permanent(path), path, temporary ~= nil
end

--- Names of all objects in a database, temporary ones too.
-- @tparam[opt] string kind "table" or "view"
-- @tparam[opt] string|boolean which "temporary" only these
function Catalog:list(parts, kind, which)
    local path = parts and self:qualify_database(parts) or { self.catalog, self.database }
    local database, message = self:get_database(path)
    if not database then
        return nil, message
    end
    local names = {}
    for name, object in pairs(which ~= "temporary" and database.objects or {}) do
        names[name] = not kind or object.kind == kind or nil
    end
    for _, entry in pairs(self.temporary) do
        if entry.path[1] == path[1] and entry.path[2] == path[2] then
            names[entry.path[3]] = not kind or entry.object.kind == kind or nil
        end
    end
    return sorted_keys(names)
end

--- The object of a path, or nil and what is wrong, with the nearest name.
function Catalog:get(parts)
    local object, path, temporary = self:find(parts)
    if object then
        return object, path, temporary
    end
    local names, message = self:list { path[1], path[2] }
    if not names then
        return nil, message
    end
    return nil, ("table '%s' does not exist%s"):format(Catalog.name_of(path),
        problem.hint(path[3], names))
end

--- Where the objects of a path's database are, permanent or temporary ones: a
-- table, and the key in it. nil and what is wrong without such a database.
local function place(self, path, temporary)
    if temporary then
        return self.temporary, ast.path_text(path)
    end
    local database, message = self:get_database { path[1], path[2] }
    if not database then
        return nil, message
    end
    return database.objects, path[3]
end

--- Puts an object in its place.
-- @tparam table parts
-- @tparam table object
-- @tparam[opt] boolean temporary
-- @tparam[opt] boolean replace one that is there
-- @return true; or nil, what is wrong, and what is there already
function Catalog:put(parts, object, temporary, replace)
    local path = self:qualify(parts)
    local objects, key = place(self, path, temporary)
    if not objects then
        return nil, key
    end
    local there = objects[key]
    if there and not replace then
        return nil, ("%s%s '%s' exists already"):format(temporary and "temporary " or "",
            (there.object or there).kind, Catalog.name_of(path)), there
    end
    objects[key] = temporary and { path = path, object = object } or object
    return true
end

local function missing(self, path, kind, temporary)
    local names = self:list { path[1], path[2] } or {}
    return nil, ("%s%s '%s' does not exist%s"):format(temporary and "temporary " or "", kind,
        Catalog.name_of(path), problem.hint(path[3], names)), "missing"
end

--- Removes an object.
-- @tparam table parts
-- @tparam string kind "table" or "view": what the statement says it is
-- @tparam[opt] boolean temporary
-- @return true; or nil, what is wrong, and "missing" when there is none
function Catalog:remove(parts, kind, temporary)
    local path = self:qualify(parts)
    local hidden = self.temporary[ast.path_text(path)]
    if hidden and not temporary then
        return nil, ("a temporary %s '%s' hides what would be dropped: DROP TEMPORARY %s it first")
            :format(hidden.object.kind, Catalog.name_of(path), hidden.object.kind:upper())
    end
    local objects, key = place(self, path, temporary)
    local object = objects and objects[key]
    if not object then
        return missing(self, path, kind, temporary)
    end
    object = object.object or object
    if object.kind ~= kind then
        return nil, ("'%s' is a %s, not a %s"):format(Catalog.name_of(path), object.kind, kind)
    end
    objects[key] = nil
    return true
end

--- Gives an object another name, in its own database.
function Catalog:rename(parts, to)
    local object, path, temporary = self:get(parts)
    if not object then
        return nil, path
    end
    local target = #to > 1 and self:qualify(to) or { path[1], path[2], to[1] }
    if target[1] ~= path[1] or target[2] ~= path[2] then
        return nil, "a table can't be renamed into another database"
    end
    local done, message = self:put(target, object, temporary)
    if not done then
        return nil, message
    end
    return self:remove(path, object.kind, temporary)
end

return Catalog
