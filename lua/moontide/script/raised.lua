--- What closures raise, told to people; and the open() and close() of function
-- objects.
-- @module moontide.script.raised
local core = require "moontide.core"
local texts = require "moontide.text"

-- A closure may have spoilt the globals when its error has to be told.
local debug_traceback = debug.traceback
local error, ipairs, pcall, type, xpcall = error, ipairs, pcall, type, xpcall
local byte, find, format, gmatch, gsub, sub = string.byte, string.find, string.format,
    string.gmatch, string.gsub, string.sub
local concat = table.concat

local M = {}

-- ---- errors -------------------------------------------------------------------------

-- Chunks that are ours: what was loaded from source, and C.
local OURS = { "^%s+driver:", "^%s+program:", "^%s+row writer:", "^%s+writer of ",
               "^%s+reader of ", "^%s+check:", "%[C%]", "moontide/script/",
               "moontide/expr/table_function.lua" }

local function is_ours(line)
    for _, pattern in ipairs(OURS) do
        if find(line, pattern) then
            return true
        end
    end
    return false
end

--- A message with the user's part of a traceback: our frames say nothing. To be
-- called by a handler of errors itself.
-- @tparam string message
-- @treturn string
function M.traceback(message)
    local lines = {}
    for line in gmatch(debug_traceback("", 3), "[^\n]+") do
        if find(line, "^%s") and not is_ours(line) then
            lines[#lines + 1] = line
        end
    end
    if #lines == 0 then
        return message
    end
    return message .. "\nstack traceback:\n" .. concat(lines, "\n")
end

-- A message is read by people: no more of it than this, and nothing in it that a
-- terminal obeys.
local MESSAGE_MAX = 8192

--- A text that may be shown.
-- @tparam string text
-- @treturn string
function M.printable(text)
    if #text > MESSAGE_MAX then
        text = format("%s... (%d bytes)", sub(text, 1, MESSAGE_MAX), #text)
    end
    return (gsub(text, "[%z\1-\8\11-\31\127]", function(c)
        return format("\\%d", byte(c))
    end))
end

--- What a closure raised, as text. It may raise anything, tables whose tostring
-- raises in its turn among them.
-- @param raised
-- @treturn string
function M.text(raised)
    if raised == nil then
        return "raised nil"
    elseif type(raised) == "string" then
        return M.printable(raised)
    end
    local ok, text = pcall(texts.show, raised)
    if not ok or type(text) ~= "string" then
        return format("raised a %s that has no text: its __tostring fails", type(raised))
    end
    return M.printable(text)
end

-- ---- function objects ---------------------------------------------------------------

local function call(method, of, ...)
    local ok, err = xpcall(of.object[method], function(raised)
        return M.traceback(format("%s() of the function object: %s", method, M.text(raised)))
    end, of.object, ...)
    return ok or { message = err, step = of.step }
end

--- Calls the open() of function objects.
-- @tparam table list of `{ object =, step = name }`
-- @param context what open() gets
function M.open_all(list, context)
    for k, of in ipairs(list) do
        local ok = of.object.open == nil or call("open", of, context)
        if ok ~= true then
            -- Those that are open have something to close.
            for before = 1, k - 1 do
                if list[before].object.close then
                    call("close", list[before])
                end
            end
            error(ok, 0)
        end
    end
end

--- Calls the close() of each, also after one that fails; the first failure is
-- raised, others go to the log.
-- @tparam table list as for `open_all`
function M.close_all(list)
    local failed
    for _, of in ipairs(list) do
        local ok = of.object.close == nil or call("close", of)
        if ok ~= true and failed then
            core.log("warn", "script", format("'%s' failed too: %s", of.step or "?", ok.message))
        elseif ok ~= true then
            failed = ok
        end
    end
    if failed then
        error(failed, 0)
    end
end

return M
