--- Error objects: what every part of Moontide raises.
--
-- An error is a table with `message` and `code`, and where they are known
-- `where` (file and line of the script), `job`, `operator`, `option`, `record`
-- and `cause` (another error). `tostring` gives all of it as text, so an error that
-- nobody catches still reads well.
--
-- Misuse is reported at the script's own line: the call stack is walked up to
-- the first function that isn't Moontide's, so no caller counts levels.
-- @module moontide.error
local M = {}

local Error = {}
Error.__index = Error
Error.__name = "moontide.error"

-- The folder of Moontide's own modules, as it stands in chunk names.
local home = debug.getinfo(1, "S").source:match("^(.*)error%.lua$") or "=moontide."

local function caller()
    local level = 3
    while true do
        local info = debug.getinfo(level, "Sl")
        if not info then
            return nil
        end
        if info.currentline > 0 and info.source:sub(1, #home) ~= home then
            return info.short_src .. ":" .. info.currentline
        end
        level = level + 1
    end
end

--- Makes an error object; raise it with `error()`.
-- @tparam table fields `message` (string, needed), `code` ("IO", "OPTION",
-- ...; "INTERNAL" when left out), and optionally `where`, `job`, `operator`,
-- `option`, `record`, `cause`
-- @return the error object
-- @usage error(moontide.error.new { code = "IO", message = "no such topic" })
function M.new(fields)
    return setmetatable({
        message = tostring(fields.message),
        code = fields.code or "INTERNAL",
        where = fields.where,
        job = fields.job,
        operator = fields.operator,
        option = fields.option,
        record = fields.record,
        cause = fields.cause,
    }, Error)
end

--- Tells whether a value is one of Moontide's error objects.
-- @param value anything, for instance what `pcall` caught
-- @treturn boolean
-- @usage local ok, err = pcall(job); if error.is(err) then print(err.code) end
function M.is(value)
    return type(value) == "table" and getmetatable(value) == Error
end

--- Raises an error that points at the script's line.
-- @tparam string code "MISUSE", "TYPE", "OPTION", ...
-- @tparam string message a format for the values that follow
-- @param ... values for the format
-- @usage error.raise("OPTION", "unknown option '%s'", name)
function M.raise(code, message, ...)
    if select("#", ...) > 0 then
        message = message:format(...)
    end
    error(M.new { code = code, message = message, where = caller() }, 0)
end

--- Raises "not supported yet: NAME".
-- @tparam string name what the user asked for, "KeyedStream.window"
-- @usage error.unsupported("KeyedStream.window")
function M.unsupported(name)
    error(M.new {
        code = "UNSUPPORTED",
        message = "not supported yet: " .. name,
        where = caller(),
    }, 0)
end

-- "message" first, then one line each for what else is known.
function Error:__tostring()
    local text = { self.message }
    if self.where and self.message:sub(1, #self.where) ~= self.where then
        text[1] = self.where .. ": " .. self.message
    end
    local function add(label, value)
        if value ~= nil then
            text[#text + 1] = ("  %s: %s"):format(label, tostring(value))
        end
    end
    add("job", self.job)
    add("operator", self.operator)
    add("option", self.option)
    add("record", self.record)
    add("cause", self.cause)
    return table.concat(text, "\n")
end

-- Errors join with text as strings do: pcall's caller often writes
-- `"failed: " .. err`.
function Error.__concat(a, b)
    return tostring(a) .. tostring(b)
end

-- Edit distance that counts a swap of neighbours as one step.
local function distance(a, b)
    local before, row = {}, {}
    for j = 0, #b do
        row[j] = j
    end
    for i = 1, #a do
        local next_row = { [0] = i }
        for j = 1, #b do
            local same = a:byte(i) == b:byte(j)
            local cost = math.min(row[j] + 1, next_row[j - 1] + 1, row[j - 1] + (same and 0 or 1))
            if i > 1 and j > 1 and a:byte(i) == b:byte(j - 1) and a:byte(i - 1) == b:byte(j) then
                cost = math.min(cost, before[j - 2] + 1)
            end
            next_row[j] = cost
        end
        before, row = row, next_row
    end
    return row[#b]
end

--- Finds the known name that is nearest to a misspelt one.
-- @tparam string name what was written
-- @tparam {string,...} known the names that exist
-- @treturn ?string the nearest, or nil when none is near
-- @usage error.nearest("fliter", { "map", "filter" }) --> "filter"
function M.nearest(name, known)
    local best, best_cost = nil, math.max(2, math.floor(#name / 3)) + 1
    local lower = name:lower()
    for _, candidate in ipairs(known) do
        local cost = distance(lower, candidate:lower())
        if cost < best_cost or (cost == best_cost and best and candidate < best) then
            best, best_cost = candidate, cost
        end
    end
    return best
end

return M
