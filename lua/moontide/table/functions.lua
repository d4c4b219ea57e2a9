--- The functions that users have named: what CREATE FUNCTION and
-- `create_temporary_function` keep, and calls in queries find.
--
-- Names don't mind case. A name without a path is looked up as Flink does: first
-- temporary system functions, then the library (the caller's business), then
-- temporary functions of the current database, then the catalog's own.
--
-- A function is kept as `{ udf = descriptor, name = as written, path = full path
-- or nil, temporary, system, class = text of CREATE FUNCTION or nil }`; one made
-- from text is loaded when it is first called.
-- @module moontide.table.functions
local problem = require "moontide.sql.problem"
local udfs = require "moontide.table.udf"

local Functions = {}
Functions.__index = Functions

--- The functions beside a catalog.
-- @tparam Catalog catalog qualifies names
function Functions.new(catalog)
    return setmetatable({ catalog = catalog, system = {}, temporary = {}, permanent = {} },
        Functions)
end

local function key_of(self, parts)
    return table.concat(self.catalog:qualify(parts), "."):lower()
end

--- The map that a function of that kind lives in, and its key there.
local function place(self, parts, options)
    if options.system then
        return self.system, parts[#parts]:lower()
    end
    return options.temporary and self.temporary or self.permanent, key_of(self, parts)
end

--- Keeps a function.
-- @tparam table parts of its name, one to three; one for a system function
-- @tparam table entry `udf`, or `class` (what `udf.load` takes)
-- @tparam table options `temporary`, `system`, `replace`
-- @treturn boolean true, or nil and a sentence
function Functions:put(parts, entry, options)
    local map, key = place(self, parts, options)
    if map[key] and not options.replace then
        return nil, ("function '%s' exists already"):format(parts[#parts])
    end
    map[key] = {
        udf = entry.udf and udfs.named(entry.udf, parts[#parts]), class = entry.class,
        name = parts[#parts],
        path = not options.system and self.catalog:qualify(parts) or nil,
        temporary = options.temporary, system = options.system,
    }
    return true
end

--- Removes a function.
-- @treturn boolean true, or nil and a sentence
function Functions:remove(parts, options)
    local map, key = place(self, parts, options)
    if not map[key] then
        return nil, ("function '%s' does not exist%s"):format(parts[#parts],
            problem.hint(parts[#parts], self:names()))
    end
    map[key] = nil
    return true
end

--- The descriptor of a function, or nil.
-- @tparam table parts of its name
-- @tparam boolean before_library true: only what hides a function of the library
-- @treturn ?table
function Functions:find(parts, before_library)
    local entry = #parts == 1 and self.system[parts[1]:lower()] or nil
    if not entry and not before_library then
        local key = key_of(self, parts)
        entry = self.temporary[key] or self.permanent[key]
    end
    if entry and not entry.udf then
        entry.udf = udfs.named(udfs.load(entry.class, entry.name), entry.name)
    end
    return entry and entry.udf
end

--- Names of all of them, sorted.
function Functions:names()
    local names = {}
    for _, map in ipairs { self.system, self.temporary, self.permanent } do
        for _, entry in pairs(map) do
            names[#names + 1] = entry.name
        end
    end
    table.sort(names)
    return names
end

return Functions
