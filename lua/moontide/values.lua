--- Values that Lua has no type for: Decimal, Date, Time, Timestamp, Instant.
--
-- Each is an FFI struct with a metatype: it prints as SQL does, compares,
-- computes, joins with text by `..`, and is never changed. Records hand them to
-- closures as they are. The arithmetic is the engine's own, so a DECIMAL that a
-- script computes is the one that SQL would give.
-- @module moontide.values
local ffi = require "ffi"
local int64 = require "moontide.int64"
local errors = require "moontide.error"
local native = require "moontide.native"

local C = native.C
local M = {}

local decimal_t = ffi.typeof "mt_ffi_decimal"
local date_t = ffi.typeof "mt_ffi_date"
local time_t = ffi.typeof "mt_ffi_time"
local timestamp_t = ffi.typeof "mt_ffi_timestamp"
local int64_t, uint64_t = ffi.typeof "int64_t", ffi.typeof "uint64_t"

M.decimal_t, M.date_t, M.time_t, M.timestamp_t = decimal_t, date_t, time_t, timestamp_t

-- Room for any text, and for the three parts of a day; read out before any
-- other call.
local scratch = ffi.new "char[64]"
local civil = ffi.new "int32_t[3]"

local NANOS_PER_DAY = 86400000000000LL
local SECOND_NANOS = 1000000000

local istype = ffi.istype

local function misuse(...)
    return errors.raise("MISUSE", ...)
end

local function name_of(value)
    if M.is(value) then
        return M.class_name(value)
    end
    return require("moontide.args").type_name(value)
end

-- `a .. b` where one of them is a value.
local function concat(a, b)
    return tostring(a) .. tostring(b)
end

-- __lt and __le from a comparison; both operands must be of the type.
local function ordering(meta, ctype, compare)
    local function check(a, b)
        if not istype(ctype, a) or not istype(ctype, b) then
            misuse("attempt to compare %s with %s", name_of(a), name_of(b))
        end
    end
    meta.__lt = function(a, b)
        check(a, b)
        return compare(a, b) < 0
    end
    meta.__le = function(a, b)
        check(a, b)
        return compare(a, b) <= 0
    end
    meta.__eq = function(a, b)
        return istype(ctype, a) and istype(ctype, b) and compare(a, b) == 0
    end
end

-- ---- Decimal -------------------------------------------------------------------

local Decimal = {}

local function is_int64(value)
    return int64.is_raw(value) or int64.is(value)
end

-- A decimal of a Decimal or any number; nil for anything else and for numbers
-- of more than 38 digits, NaN and infinities.
local function to_decimal(value)
    if istype(decimal_t, value) then
        return value
    end
    local out, ok = decimal_t(), 0
    if type(value) == "number" then
        ok = C.mt_ffi_decimal_from_f64(value, out)
    elseif istype(int64_t, value) or int64.is(value) then
        ok = C.mt_ffi_decimal_from_i64(int64.raw(value), out)
    elseif istype(uint64_t, value) then
        local text = tostring(value):gsub("ULL$", "")
        ok = C.mt_ffi_decimal_read(text, #text, 0, 0, out)
    end
    return ok == 1 and out or nil
end

--- A decimal that fits a declared type, or nil: for results of closures.
-- @param value a Decimal or a number
-- @tparam number precision
-- @tparam number scale
function M.decimal_to(value, precision, scale)
    local decimal = to_decimal(value)
    if not decimal then
        return nil
    end
    local out = decimal_t()
    return C.mt_ffi_decimal_rescale(decimal, precision, scale, out) == 1 and out or nil
end

local function new_decimal(value, precision, scale)
    local decimal
    if type(value) == "string" then
        decimal = decimal_t()
        if C.mt_ffi_decimal_read(value, #value, precision or 0, scale or 0, decimal) == 0 then
            misuse("'%s' is not a decimal of up to %d digits", value, precision or 38)
        end
        return decimal
    end
    decimal = to_decimal(value)
        or misuse("%s is not a decimal of up to 38 digits", tostring(value))
    if precision then
        decimal = M.decimal_to(decimal, precision, scale or 0)
            or misuse("%s does not fit DECIMAL(%d, %d)", tostring(value), precision, scale or 0)
    end
    return decimal
end

--- The nearest Lua number.
function Decimal:to_number()
    return C.mt_ffi_decimal_to_f64(self)
end

--- Rounded half up to so many digits after the point.
-- @tparam[opt=0] number scale
-- @usage Decimal "12.345":round(2) --> 12.35
function Decimal:round(scale)
    local out = decimal_t()
    if C.mt_ffi_decimal_rescale(self, 38, scale or 0, out) == 0 then
        misuse("a decimal can't have %s digits after the point", tostring(scale))
    end
    return out
end

--- The magnitude.
function Decimal:abs()
    return self.hi < 0 and -self or self
end

local OPERATORS = { ["+"] = 0, ["-"] = 1, ["*"] = 2, ["/"] = 3, ["%"] = 4 }

local function calculation(symbol)
    local op = OPERATORS[symbol]
    return function(a, b)
        local x, y = to_decimal(a), to_decimal(b)
        if not x or not y then
            misuse("attempt to compute %s %s %s", name_of(a), symbol, name_of(b))
        end
        local out = decimal_t()
        if C.mt_ffi_decimal_calculate(op, x, y, out) == 0 then
            if op >= 3 and y == decimal_t() then
                misuse("division of %s by zero", tostring(x))
            end
            misuse("%s %s %s has more than 38 digits", tostring(x), symbol, tostring(y))
        end
        return out
    end
end

local function compare_decimals(a, b)
    return C.mt_ffi_decimal_compare(a, b)
end

local decimal_meta = {
    __index = Decimal,
    __add = calculation "+",
    __sub = calculation "-",
    __mul = calculation "*",
    __div = calculation "/",
    __mod = calculation "%",
    __unm = function(a)
        local out = decimal_t()
        C.mt_ffi_decimal_negate(a, out)
        return out
    end,
    __tostring = function(self)
        return ffi.string(scratch, C.mt_ffi_decimal_text(self, scratch))
    end,
    __concat = concat,
}

-- Decimals also compare with numbers.
ordering(decimal_meta, decimal_t, compare_decimals)
for _, event in ipairs { "__lt", "__le", "__eq" } do
    local same_type = decimal_meta[event]
    decimal_meta[event] = function(a, b)
        return same_type(to_decimal(a) or a, to_decimal(b) or b)
    end
end

-- ---- Date ----------------------------------------------------------------------

local Date = {}

local function read(what, ctype, reader, text)
    local out = ctype()
    if reader(text, #text, out) == 0 then
        misuse("'%s' is not a %s", text, what)
    end
    return out
end

local function read_date(text, len, out)
    return C.mt_ffi_date_read(text, len, out)
end

local function make_date(year, month, day)
    local out = date_t()
    if type(year) ~= "number" or type(month) ~= "number" or type(day) ~= "number"
        or C.mt_ffi_date_make(year, month, day, out) == 0 then
        misuse("there is no day %s-%s-%s", tostring(year), tostring(month), tostring(day))
    end
    return out
end

local function new_date(year, month, day)
    if type(year) == "string" and month == nil then
        return read("date", date_t, read_date, year)
    end
    return make_date(year, month, day)
end

--- Days since 1970-01-01.
function Date:to_epoch_day()
    return self.days
end

local PARTS = { year = 0, month = 1, day = 2 }

local function part_of_day(days, part)
    C.mt_ffi_date_split(days, civil)
    return civil[PARTS[part]]
end

local function days_argument(symbol, days)
    if type(days) ~= "number" or days % 1 ~= 0 then
        misuse("attempt to compute a Date %s %s: a whole number of days was expected", symbol,
            name_of(days))
    end
    return days
end

local date_meta = {
    __index = function(self, key)
        if PARTS[key] then
            return part_of_day(self.days, key)
        end
        return Date[key] or misuse("a Date has no '%s'", tostring(key))
    end,
    -- A date and a number of days, in either order.
    __add = function(a, b)
        if istype(date_t, b) then
            a, b = b, a
        end
        return date_t(a.days + days_argument("+", b))
    end,
    -- Days between two dates, or a date so many days before.
    __sub = function(a, b)
        if istype(date_t, a) and istype(date_t, b) then
            return a.days - b.days
        elseif not istype(date_t, a) then
            misuse("attempt to compute %s - Date", name_of(a))
        end
        return date_t(a.days - days_argument("-", b))
    end,
    __tostring = function(self)
        return ffi.string(scratch, C.mt_ffi_date_text(self, scratch))
    end,
    __concat = concat,
}

ordering(date_meta, date_t, function(a, b)
    return a.days - b.days
end)

-- ---- Time ----------------------------------------------------------------------

local Time = {}

local function read_time(text, len, out)
    return C.mt_ffi_time_read(text, len, out)
end

-- Digits of the second that a number of nanoseconds needs: 0, 3, 6 or 9.
local function precision_of(nanos)
    if nanos % SECOND_NANOS == 0 then
        return 0
    elseif nanos % 1000000 == 0 then
        return 3
    end
    return nanos % 1000 == 0 and 6 or 9
end

local function in_range(value, least, most)
    return type(value) == "number" and value % 1 == 0 and value >= least and value <= most
end

local function nanos_of_clock(hour, minute, second, nanos)
    second, nanos = second or 0, nanos or 0
    if not in_range(hour, 0, 23) or not in_range(minute, 0, 59) or not in_range(second, 0, 59)
        or not in_range(nanos, 0, SECOND_NANOS - 1) then
        misuse("there is no time of day %s:%s:%s and %s ns", tostring(hour), tostring(minute),
            tostring(second), tostring(nanos))
    end
    return (hour * 3600LL + minute * 60 + second) * SECOND_NANOS + nanos
end

local function new_time(hour, minute, second, nanos)
    if type(hour) == "string" and minute == nil then
        return read("time of day", time_t, read_time, hour)
    end
    return time_t(nanos_of_clock(hour, minute, second, nanos), precision_of(nanos or 0), 0)
end

--- Milliseconds since midnight.
function Time:to_milli_of_day()
    return tonumber(self.nanos / 1000000LL)
end

local CLOCK = {
    hour = function(nanos) return nanos / 3600000000000LL end,
    minute = function(nanos) return nanos / 60000000000LL % 60LL end,
    second = function(nanos) return nanos / 1000000000LL % 60LL end,
    nanosecond = function(nanos) return nanos % 1000000000LL end,
}

-- Nanoseconds of a Duration, or nil.
local function nanos_of_duration(value)
    local Duration = require "moontide.common.duration"
    if getmetatable(value) ~= Duration then
        return nil
    end
    local millis = value.millis
    local whole = math.floor(millis)
    return whole * 1000000LL + math.floor((millis - whole) * 1e6 + 0.5)
end

local function shift_time(t, by)
    local nanos = (t.nanos + by) % NANOS_PER_DAY
    if nanos < 0 then
        nanos = nanos + NANOS_PER_DAY
    end
    return time_t(nanos, math.max(t.precision, precision_of(tonumber(nanos % 1000000000LL))), 0)
end

local function need_duration(what, symbol, value)
    return nanos_of_duration(value)
        or misuse("attempt to compute %s %s %s: a Duration was expected", what, symbol,
            name_of(value))
end

local time_meta = {
    __index = function(self, key)
        if CLOCK[key] then
            return tonumber(CLOCK[key](self.nanos))
        end
        return Time[key] or misuse("a Time has no '%s'", tostring(key))
    end,
    -- The clock wraps at midnight.
    __add = function(a, b)
        if istype(time_t, b) then
            a, b = b, a
        end
        return shift_time(a, need_duration("Time", "+", b))
    end,
    __sub = function(a, b)
        if istype(time_t, a) and istype(time_t, b) then
            return require("moontide.common.duration").of_nanos(tonumber(a.nanos - b.nanos))
        elseif not istype(time_t, a) then
            misuse("attempt to compute %s - Time", name_of(a))
        end
        return shift_time(a, -need_duration("Time", "-", b))
    end,
    __tostring = function(self)
        return ffi.string(scratch, C.mt_ffi_time_text(self, scratch))
    end,
    __concat = concat,
}

-- -1, 0 or 1: differences of int64 values may not fit a number.
local function order(a, b)
    return a < b and -1 or a > b and 1 or 0
end

ordering(time_meta, time_t, function(a, b)
    return order(a.nanos, b.nanos)
end)

-- ---- Timestamp -----------------------------------------------------------------

local Timestamp = {}

local DAY_MILLIS = 86400000LL

local function read_timestamp(text, len, out)
    return C.mt_ffi_timestamp_read(text, len, out)
end

local function new_timestamp(year, month, day, ...)
    if type(year) == "string" and month == nil then
        return read("timestamp", timestamp_t, read_timestamp, year)
    end
    local hour, minute, second, nanos = ...
    local clock = nanos_of_clock(hour or 0, minute or 0, second, nanos)
    return timestamp_t(make_date(year, month, day).days * DAY_MILLIS + clock / 1000000LL,
        tonumber(clock % 1000000LL), precision_of(nanos or 0), 0)
end

-- Floor division, for times before 1970.
local function split_day(millis)
    local days, rest = millis / DAY_MILLIS, millis % DAY_MILLIS
    if rest < 0 then
        days, rest = days - 1, rest + DAY_MILLIS
    end
    return tonumber(days), rest
end

local function of_epoch_milli(millis, zoned)
    if not is_int64(millis) and (type(millis) ~= "number" or millis % 1 ~= 0) then
        misuse("bad argument #1 to 'of_epoch_milli' (whole number expected, got %s)",
            name_of(millis))
    end
    return timestamp_t(millis, 0, 3, zoned)
end

--- Milliseconds since 1970-01-01.
function Timestamp:to_epoch_milli()
    return tonumber(self.millis)
end

--- Day and time apart.
-- @treturn Date
function Timestamp:to_date()
    return date_t((split_day(self.millis)))
end

--- The time of day.
-- @treturn Time
function Timestamp:to_time()
    local _, rest = split_day(self.millis)
    return time_t(rest * 1000000LL + self.nanos, self.precision, 0)
end

local function shift_timestamp(t, by)
    local nanos = t.nanos + by
    local millis, rest = nanos / 1000000LL, nanos % 1000000LL
    if rest < 0 then
        millis, rest = millis - 1, rest + 1000000LL
    end
    local below = tonumber((t.millis + millis) % 1000LL) * 1000000 + tonumber(rest)
    return timestamp_t(t.millis + millis, tonumber(rest),
        math.max(t.precision, precision_of(below % SECOND_NANOS)), t.zoned)
end

local timestamp_meta = {
    __index = function(self, key)
        if PARTS[key] then
            return part_of_day((split_day(self.millis)), key)
        elseif CLOCK[key] then
            local _, rest = split_day(self.millis)
            return tonumber(CLOCK[key](rest * 1000000LL + self.nanos))
        end
        return Timestamp[key] or misuse("a Timestamp has no '%s'", tostring(key))
    end,
    __add = function(a, b)
        if istype(timestamp_t, b) then
            a, b = b, a
        end
        return shift_timestamp(a, need_duration("Timestamp", "+", b))
    end,
    -- The Duration between two, or the time a Duration before.
    __sub = function(a, b)
        if istype(timestamp_t, a) and istype(timestamp_t, b) then
            return require("moontide.common.duration").of_millis(
                tonumber(a.millis - b.millis) + (a.nanos - b.nanos) / 1e6)
        elseif not istype(timestamp_t, a) then
            misuse("attempt to compute %s - Timestamp", name_of(a))
        end
        return shift_timestamp(a, -need_duration("Timestamp", "-", b))
    end,
    __tostring = function(self)
        return ffi.string(scratch, C.mt_ffi_timestamp_text(self, scratch))
    end,
    __concat = concat,
}

ordering(timestamp_meta, timestamp_t, function(a, b)
    local millis = order(a.millis, b.millis)
    return millis ~= 0 and millis or a.nanos - b.nanos
end)

ffi.metatype(decimal_t, decimal_meta)
ffi.metatype(date_t, date_meta)
ffi.metatype(time_t, time_meta)
ffi.metatype(timestamp_t, timestamp_meta)

-- ---- the classes -----------------------------------------------------------------

local function constructor(name, class, make)
    return setmetatable(class, {
        __name = name,
        __call = function(_, ...)
            return make(...)
        end,
    })
end

--- `Decimal "12.50"`, `Decimal(12.5)`, `Decimal(value, precision, scale)`.
M.Decimal = constructor("Decimal", { methods = Decimal }, new_decimal)
--- `Date "2020-01-01"`, `Date(2020, 1, 1)`.
M.Date = constructor("Date", { methods = Date }, new_date)
--- `Timestamp "2020-01-01 12:00:00.123"`, `Timestamp(2020, 1, 1, 12, 0, 0, nanos)`.
M.Timestamp = constructor("Timestamp", { methods = Timestamp }, new_timestamp)
--- `Instant.of_epoch_milli(ms)`: a Timestamp with a zone, printed in UTC.
M.Instant = constructor("Instant", { methods = Timestamp }, function(...)
    local timestamp = new_timestamp(...)
    return timestamp_t(timestamp.millis, timestamp.nanos, timestamp.precision, 1)
end)
--- `Time "12:00:01.5"`, `Time(12, 0, 1, nanos)`; and, as sizes of windows,
-- `Time.seconds(5)`, which is a Duration.
M.Time = constructor("Time", { methods = Time }, new_time)

--- A day by its number since 1970-01-01.
function M.Date.of_epoch_day(days)
    return date_t(days)
end

--- A point in time by its milliseconds since 1970-01-01.
function M.Timestamp.of_epoch_milli(millis)
    return of_epoch_milli(millis, 0)
end

--- Now, in UTC.
function M.Timestamp.now()
    return of_epoch_milli(C.mt_ffi_wall_ms(), 0)
end

--- A point in time by its milliseconds since 1970-01-01.
function M.Instant.of_epoch_milli(millis)
    return of_epoch_milli(millis, 1)
end

--- Now.
function M.Instant.now()
    return of_epoch_milli(C.mt_ffi_wall_ms(), 1)
end

for _, unit in ipairs { "days", "hours", "minutes", "seconds" } do
    M.Time[unit] = function(n)
        return require("moontide.common.duration")["of_" .. unit](n)
    end
end

--- A Duration of so many milliseconds.
function M.Time.milliseconds(n)
    return require("moontide.common.duration").of_millis(n)
end

-- ---- what others ask ----------------------------------------------------------------

--- Is it one of these values?
-- @param value anything
-- @treturn boolean
function M.is(value)
    return istype(decimal_t, value) or istype(date_t, value) or istype(time_t, value)
        or istype(timestamp_t, value) or int64.is(value)
end

--- "Int64", "Decimal", "Date", "Time", "Timestamp" or "Instant"; nil for other values.
function M.class_name(value)
    if istype(decimal_t, value) then
        return "Decimal"
    elseif istype(date_t, value) then
        return "Date"
    elseif istype(time_t, value) then
        return "Time"
    elseif istype(timestamp_t, value) then
        return value.zoned == 1 and "Instant" or "Timestamp"
    elseif int64.is(value) then
        return "Int64"
    end
    return nil
end

--- The logical type of a value, for inference; nil for what isn't one. Decimals
-- are bridged as DECIMAL(38, 18), as PyFlink does.
function M.type_of(value)
    local logical = require "moontide.logical"
    if is_int64(value) then
        return logical.scalar "BIGINT"
    elseif istype(decimal_t, value) then
        return logical.scalar("DECIMAL", 38, 18)
    elseif istype(date_t, value) then
        return logical.scalar "DATE"
    elseif istype(time_t, value) then
        return logical.scalar("TIME", value.precision)
    elseif istype(timestamp_t, value) then
        return logical.scalar(value.zoned == 1 and "TIMESTAMP_LTZ" or "TIMESTAMP",
            value.precision)
    end
    return nil
end

--- A value as plain data that `unpack` turns back, to travel between states.
-- @param value anything
-- @treturn ?string the class's name; nil for what isn't one of these values
-- @treturn ?string a text
function M.pack(value)
    local name = M.class_name(value)
    if name == "Decimal" then
        return name, ("%d,%d,%s"):format(value.precision, value.scale, tostring(value))
    elseif name == "Date" then
        return name, tostring(value.days)
    elseif name == "Int64" then
        return name, tostring(value)
    elseif name == "Time" then
        return name, ("%d,%s"):format(value.precision, tostring(value.nanos):gsub("LL$", ""))
    elseif name then
        return name, ("%d,%d,%s"):format(value.precision, value.nanos,
            (tostring(value.millis):gsub("LL$", "")))
    end
    return nil
end

-- An int64 of decimal digits, exactly.
local function int64_of(text)
    local negative, digits = text:match "^(%-?)(%d+)$"
    local value = 0LL
    for digit in digits:gmatch "%d" do
        value = value * 10 + (tonumber(digit))
    end
    return negative == "-" and -value or value
end

--- The value that `pack` was given.
-- @tparam string name
-- @tparam string text
function M.unpack(name, text)
    if name == "Decimal" then
        local precision, scale, digits = text:match "^(%d+),(%d+),(.*)$"
        return new_decimal(digits, tonumber(precision), tonumber(scale))
    elseif name == "Date" then
        return date_t(tonumber(text))
    elseif name == "Int64" then
        return int64.wrap(int64_of(text))
    elseif name == "Time" then
        local precision, nanos = text:match "^(%d+),(.*)$"
        return time_t(int64_of(nanos), tonumber(precision), 0)
    end
    local precision, nanos, millis = text:match "^(%d+),(%d+),(.*)$"
    return timestamp_t(int64_of(millis), tonumber(nanos), tonumber(precision),
        name == "Instant" and 1 or 0)
end

--- A text that is the same for equal decimals, whatever their scales, and for
-- the whole numbers that they equal: for keys.
-- @param value a Decimal
-- @treturn string
function M.decimal_key(value)
    local text = tostring(value)
    if text:find(".", 1, true) then
        text = text:gsub("0+$", ""):gsub("%.$", "")
    end
    return text == "-0" and "0" or text
end

return M
