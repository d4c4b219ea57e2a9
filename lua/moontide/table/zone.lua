--- The session's time zone: the setting `table.local-time-zone`, where "default"
-- is the machine's own.
-- @module moontide.table.zone
local errors = require "moontide.error"
local ffi = require "ffi"

local M = {}

local system

--- The first line of a file, or nil.
local function line_of(path)
    local file = io.open(path, "r")
    local line = file and file:read "*l"
    if file then
        file:close()
    end
    return line
end

--- The name of the machine's zone; UTC where it has none that can be read.
function M.system()
    if not system then
        local name = os.getenv "TZ" or line_of "/etc/timezone" or "UTC"
        name = name:gsub("^:", "")
        -- POSIX's own rules, such as CET-1CEST, are no names.
        system = name:find "^%a[%w_/+-]*$" and not name:find "^%a+[+-]?%d" and name or "UTC"
    end
    return system
end

--- The zone that a setting means.
-- @tparam ?string setting nil or "default" for the machine's
-- @treturn string
function M.of(setting)
    return setting and setting ~= "default" and setting or M.system()
end

--- What clocks of a zone show: a function from an Instant to a Timestamp.
-- @tparam ?string setting as for `of`
-- @treturn function
-- @usage zone.clock "Europe/Berlin"(instant)
function M.clock(setting)
    local C = require("moontide.native").C
    local calc = C.mt_ffi_calc_new()
    if calc == nil then
        errors.raise("NOMEM", "no memory for a time zone")
    end
    calc = ffi.gc(calc, C.mt_ffi_calc_free)
    if C.mt_ffi_calc_zone(calc, M.of(setting)) < 0 then
        errors.raise("OPTION", "%s", ffi.string(C.mt_ffi_calc_error(calc)))
    end
    return function(instant)
        local millis = instant.millis + C.mt_ffi_calc_offset_ms(calc, instant.millis)
        return ffi.new(ffi.typeof(instant), millis, instant.nanos, instant.precision, 0)
    end
end

return M
