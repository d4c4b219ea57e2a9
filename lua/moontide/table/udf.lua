--- Lua functions in queries: `udf`, `udtf`, `ScalarFunction`, `TableFunction`.
--
--     local cents = udf(function(price) return price * 100 end,
--         { input_types = { "DOUBLE" }, result_type = "DOUBLE" })
--     t:select(cents(col "price"))
--     t_env:create_temporary_function("cents", cents)
--
-- What these make is a *descriptor*, plain data about a function that the
-- resolver and the compiler of expressions read:
--
--     kind           "scalar" or "table"
--     name           for messages and plans
--     fn             a function, or a function object with `eval`
--     input_types    sequence of logical types, nil: any
--     result_type    logical type; of a table function the ROW of its columns
--     deterministic  false: another answer each time, so never computed once for
--                    many rows
--
-- A table function gives its rows by `collect(a, b)`, its last argument, or
-- returns a sequence of them.
-- @module moontide.table.udf
local args = require "moontide.args"
local copy = require "moontide.copy"
local errors = require "moontide.error"
local functions = require "moontide.datastream.functions"
local logical = require "moontide.logical"
local types = require "moontide.types"

local M = {}

local Udf = { __name = "UserDefinedFunction" }
Udf.__index = Udf

--- What a descriptor is called with becomes a call in a query.
function Udf:__call(...)
    return require("moontide.table.expressions").call(self, ...)
end

function Udf:__tostring()
    return ("%s function %s"):format(self.kind, self.name)
end

--- The descriptor that a value is, or nil.
function M.is(value)
    return type(value) == "table" and getmetatable(value) == Udf and value or nil
end

--- The same function under the name that a query calls it by.
function M.named(udf, name)
    local named = copy(udf)
    named.name = name
    return setmetatable(named, Udf)
end

-- ---- what udf and udtf take -------------------------------------------------------------

local function is_evaluable(value)
    if type(value) == "function" or args.method(value, "eval") then
        return value
    end
    return nil, "a function, or an object with the method 'eval' expected, got "
        .. args.type_name(value)
end

local function type_of(value)
    return type(value) == "string" and require("moontide.sql.parser").type(value) or types.of(value)
end

--- One type or a sequence of them, always answered as a sequence.
local function is_types(value)
    local list = {}
    if type(value) ~= "table" or logical.is(value) then
        value = { value }
    end
    for i, item in ipairs(value) do
        local ok, t = pcall(type_of, item)
        if not ok then
            return nil, errors.is(t) and t.message or tostring(t)
        end
        list[i] = t
    end
    if next(value) ~= nil and #list == 0 then
        return nil, "a type, or a sequence of them expected"
    end
    return list
end

local function is_general(value)
    if value == "pandas" then
        errors.unsupported "pandas functions"
    end
    return value
end

local PARAMETERS = {
    { "f", is_evaluable }, { "input_types", is_types },
    { "result_type", is_types, also = { "result_types" } },
    { "deterministic", args.is_boolean }, { "name", args.is_string },
    { "func_type", is_general, also = { "udf_type" } },
}

--- Where a function without a name was defined, as its name.
local function name_of(f)
    if type(f) ~= "function" then
        return "anonymous"
    end
    local info = debug.getinfo(f, "S")
    return ("f_%s_%d"):format(info.short_src:match("([%w_]+)%.?%w*$") or "lua", info.linedefined)
end

--- The ROW of a table function's columns.
local function columns_of(list)
    if #list == 1 and list[1].kind == "ROW" then
        return list[1]
    end
    local fields = {}
    for i, t in ipairs(list) do
        fields[i] = { name = "f" .. (i - 1), type = t }
    end
    return logical.row(fields)
end

local function is_deterministic(f, given)
    local method = args.method(f, "is_deterministic")
    if given == nil and method then
        given = method(f)
    end
    return given ~= false
end

--- `udf(f, ...)`, or `udf { result_type = ... } (f)` as decorators are written.
local function maker(kind, method)
    local read = args.signature(method, PARAMETERS)
    return function(...)
        local f, input_types, result, deterministic, name = read(...)
        if not result then
            errors.raise("MISUSE", "%s needs the type of what the function gives: "
                .. "%s(f, { result_type = DataTypes.INT() })", method, method)
        end
        local function make(fn)
            return setmetatable({
                kind = kind, name = name or name_of(fn), fn = fn, input_types = input_types,
                result_type = kind == "table" and columns_of(result) or result[1],
                deterministic = is_deterministic(fn, deterministic),
            }, Udf)
        end
        if f then
            return make(f)
        end
        return function(fn)
            local ok, message = is_evaluable(fn)
            return ok and make(fn) or args.bad(1, method, message)
        end
    end
end

--- A function of one value a record.
-- @function udf
-- @param f a function, or a function object with `eval(self, ...)`; NULL is nil
-- @param[opt] input_types a type or a sequence of them, of which arguments must be,
-- or which they must widen to (INT to BIGINT). Without, any types
-- @param result_type the type of what it returns
-- @tparam[opt=true] boolean deterministic
-- @tparam[opt] string name
-- @treturn table a descriptor, to be called with expressions; without `f`, a
-- function that makes one of a function
-- @usage local upper = udf(function(s) return s:upper() end, { result_type = "STRING" })
M.udf = maker("scalar", "udf")

--- A function that gives any number of rows a record.
-- @function udtf
-- @param f called with its arguments and `collect(a, b)`; may return a sequence
-- of rows instead
-- @param[opt] input_types as of `udf`
-- @param result_types types of the rows' columns, or one ROW; columns without names
-- are `f0`, `f1`
-- @tparam[opt=true] boolean deterministic
-- @tparam[opt] string name
-- @treturn table a descriptor
-- @usage local words = udtf(function(s, collect)
--     for w in s:gmatch "%S+" do collect(w) end
-- end, { result_types = { "STRING" } })
M.udtf = maker("table", "udtf")

-- ---- classes ------------------------------------------------------------------------------

--- Bases of function objects: `ScalarFunction { eval = function(self, x) ... end }`.
M.UserDefinedFunction = functions.Function
M.ScalarFunction, M.TableFunction = functions.ScalarFunction, functions.TableFunction

--- The descriptor of a function that SQL names by `module.name`: the module's
-- value, or its field behind the last dot. It must be what `udf` or `udtf` made.
-- @tparam string path
-- @tparam string name that it is called by
-- @treturn table
-- @raise an error of code NOTFOUND without such a module, TYPE for another value
function M.load(path, name)
    local ok, value = pcall(require, path)
    if not ok then
        local module, field = path:match "^(.*)%.([^.]+)$"
        local found, package_table = pcall(require, module or path)
        if not found then
            errors.raise("NOTFOUND", "function '%s': no Lua module '%s': %s", name, path,
                tostring(value):match "^[^\n]*")
        end
        value = type(package_table) == "table" and package_table[field] or nil
    end
    return M.is(value) or errors.raise("TYPE", "function '%s': '%s' is %s, which must be what "
        .. "udf() or udtf() made", name, path, args.type_name(value))
end

return M
