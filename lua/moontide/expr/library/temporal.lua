--- Dates, times and intervals.
--
-- Parts of them have one function in C, EXTRACT; YEAR(t) and its kin are names
-- for it with the unit given.
-- @module moontide.expr.library.temporal
local logical = require "moontide.logical"
local typing = require "moontide.expr.typing"

local function scalar(...)
    return logical.scalar(...)
end

local function set(words)
    local members = {}
    for word in words:gmatch "%S+" do
        members[word] = true
    end
    return members
end

local TIME_UNITS = set "NANOSECOND MICROSECOND MILLISECOND SECOND MINUTE HOUR"
local DATE_UNITS = set "DAY WEEK MONTH QUARTER YEAR DECADE CENTURY MILLENNIUM"
local ONLY_PARTS = set "DOW DOY ISODOW ISOYEAR EPOCH"
local MONTH_UNITS = set "MONTH QUARTER YEAR DECADE CENTURY MILLENNIUM"

--- The unit's word as it is known: SQL_TSI_DAY is DAY.
local function unit_of(option)
    return option and option:gsub("^SQL_TSI_", ""):gsub("^FRAC_SECOND$", "MICROSECOND")
end

local function no_unit(option)
    return ("'%s' is no unit of time that can stand here"):format(option or "")
end

local function with_nulls_of(t, args)
    local nulls = false
    for _, arg in ipairs(args) do
        nulls = nulls or arg.type.nulls
    end
    return typing.with_nulls(t, nulls)
end

--- NULL is read as a TIMESTAMP.
local function known(t)
    return t.kind == "NULL" and scalar("TIMESTAMP", 3) or t
end

-- ---- parts ------------------------------------------------------------------------------

local function infer_extract(args, call)
    local t, unit = known(args[1].type), unit_of(call.option)
    if typing.CHARACTERS[t.kind] or not (typing.TIME_POINTS[t.kind] or typing.INTERVALS[t.kind])
    then
        return nil, ("there are no parts of time in %s"):format(tostring(t))
    elseif not (TIME_UNITS[unit] or DATE_UNITS[unit] or ONLY_PARTS[unit]) then
        return nil, no_unit(call.option)
    elseif t.kind == "TIME" and not TIME_UNITS[unit] and unit ~= "EPOCH"
        or t.kind == "DATE" and TIME_UNITS[unit]
        or t.kind == "INTERVAL_MONTHS" and not MONTH_UNITS[unit]
        or t.kind == "INTERVAL_MILLIS" and (MONTH_UNITS[unit] or ONLY_PARTS[unit]
            and unit ~= "EPOCH") then
        return nil, ("%s has no %s"):format(tostring(t), unit)
    end
    return with_nulls_of(scalar "BIGINT", args), { t }
end

local function part(name, unit, help, example)
    return {
        name = name, option = unit, kernel = "EXTRACT",
        signatures = { name .. "(TIME_POINT t) BIGINT" },
        infer = function(args)
            return infer_extract(args, { option = unit })
        end,
        help = help, example = example,
    }
end

-- ---- sums and differences -----------------------------------------------------------------

--- A DATE plus hours is a TIMESTAMP.
local function infer_add(args, call)
    local unit, t = unit_of(call.option), known(args[2].type)
    if not TIME_UNITS[unit] and not DATE_UNITS[unit] then
        return nil, no_unit(call.option)
    elseif not typing.INTEGERS[args[1].type.kind] and args[1].type.kind ~= "NULL"
        or not typing.TIME_POINTS[t.kind] then
        return nil
    elseif t.kind == "DATE" and TIME_UNITS[unit] then
        t = scalar("TIMESTAMP", 3, nil, t.nulls)
    elseif t.kind == "TIME" and not TIME_UNITS[unit] then
        return nil, ("%s has no %s"):format(tostring(t), unit)
    end
    return with_nulls_of(t, args), { scalar("BIGINT", nil, nil, args[1].type.nulls), t }
end

local function infer_difference(args, call)
    local unit, a, b = unit_of(call.option), known(args[1].type), known(args[2].type)
    if not TIME_UNITS[unit] and not DATE_UNITS[unit] then
        return nil, no_unit(call.option)
    elseif not typing.TIME_POINTS[a.kind] or not typing.TIME_POINTS[b.kind]
        or (a.kind == "TIME") ~= (b.kind == "TIME") then
        return nil
    end
    local small = unit == "NANOSECOND" or unit == "MICROSECOND" or unit == "MILLISECOND"
    return with_nulls_of(scalar(small and "BIGINT" or "INT"), args), { a, b }
end

local function infer_overlaps(args)
    if #args ~= 4 then
        return nil
    end
    local targets = {}
    for i = 1, 4 do
        targets[i] = known(args[i].type)
        local first = i % 2 == 1
        if not typing.TIME_POINTS[targets[i].kind]
            and (first or not typing.INTERVALS[targets[i].kind]) then
            return nil, "a period is two points in time, or one and an interval"
        end
    end
    return with_nulls_of(scalar "BOOLEAN", args), targets
end

-- ---- clocks -------------------------------------------------------------------------------

local function clock(name, t, help, aliases)
    return {
        name = name, kernel = "NOW", strict = false, volatile = true, aliases = aliases,
        signatures = { name .. "()" },
        infer = function(args)
            if #args > 0 then
                return nil, name .. " takes no arguments"
            end
            return t, {}
        end,
        help = help .. " Read once a batch.",
    }
end

local INSTANT = scalar("TIMESTAMP_LTZ", 3, nil, false)

local function infer_watermark(args)
    local t = args[1] and args[1].type
    if #args ~= 1 or t.kind ~= "TIMESTAMP" and t.kind ~= "TIMESTAMP_LTZ" then
        return nil, "CURRENT_WATERMARK takes the column of event time"
    end
    return t:nullable(), { t }
end

return {
    { name = "EXTRACT", signatures = { "EXTRACT(unit FROM t)" }, infer = infer_extract,
        help = "a part of a point in time or of an interval, as BIGINT. Units: "
            .. "NANOSECOND to MILLENNIUM, DOW (1 is Sunday), ISODOW (1 is Monday), DOY, ISOYEAR, "
            .. "EPOCH. MILLISECOND and below count the seconds too.",
        example = { "EXTRACT(DAY FROM DATE '2006-06-05')", "5" } },
    part("YEAR", "YEAR", "the year.", { "YEAR(DATE '1994-09-27')", "1994" }),
    part("QUARTER", "QUARTER", "the quarter, 1 to 4.", { "QUARTER(DATE '1994-09-27')", "3" }),
    part("MONTH", "MONTH", "the month, 1 to 12.", { "MONTH(DATE '1994-09-27')", "9" }),
    part("WEEK", "WEEK", "the week of the ISO year, 1 to 53.", { "WEEK(DATE '1994-09-27')", "39" }),
    part("DAYOFYEAR", "DOY", "the day of the year, 1 to 366.",
        { "DAYOFYEAR(DATE '1994-09-27')", "270" }),
    part("DAYOFMONTH", "DAY", "the day of the month, 1 to 31.",
        { "DAYOFMONTH(DATE '1994-09-27')", "27" }),
    part("DAYOFWEEK", "DOW", "the day of the week: 1 is Sunday, 7 Saturday.",
        { "DAYOFWEEK(DATE '1994-09-27')", "3" }),
    part("HOUR", "HOUR", "the hour, 0 to 23.", { "HOUR(TIMESTAMP '1994-09-27 13:14:15')", "13" }),
    part("MINUTE", "MINUTE", "the minute, 0 to 59.",
        { "MINUTE(TIMESTAMP '1994-09-27 13:14:15')", "14" }),
    part("SECOND", "SECOND", "the second, 0 to 59.",
        { "SECOND(TIMESTAMP '1994-09-27 13:14:15')", "15" }),
    { name = "TIMESTAMPADD", signatures = { "TIMESTAMPADD(unit, BIGINT n, TIME_POINT t)" },
        infer = infer_add, fails = true,
        help = "`t` and `n` units more. A DATE stays one with units of a day or more. The day is "
            .. "the month's last where there is no such day.",
        example = { "TIMESTAMPADD(WEEK, 1, DATE '2003-01-02')", "2003-01-09" } },
    { name = "TIMESTAMPDIFF", signatures = { "TIMESTAMPDIFF(unit, TIME_POINT a, TIME_POINT b)" },
        infer = infer_difference,
        help = "whole units from `a` to `b`, as INT, or BIGINT below seconds.",
        example = { "TIMESTAMPDIFF(DAY, TIMESTAMP '2003-01-02 10:00:00', "
            .. "TIMESTAMP '2003-01-03 10:00:00')", "1" } },
    { name = "OVERLAPS", signatures = { "(a, b) OVERLAPS (c, d)" }, infer = infer_overlaps,
        help = "whether two periods have a point in common. `b` and `d` are ends, or intervals.",
        example = { "(TIME '2:55:00', INTERVAL '1' HOUR) OVERLAPS "
            .. "(TIME '3:30:00', INTERVAL '2' HOUR)", "TRUE" } },
    clock("LOCALTIME", scalar("TIME", 0, nil, false), "the time of day in the session's zone."),
    clock("LOCALTIMESTAMP", scalar("TIMESTAMP", 3, nil, false),
        "date and time in the session's zone."),
    clock("CURRENT_DATE", scalar("DATE", nil, nil, false), "the date in the session's zone."),
    clock("CURRENT_TIME", scalar("TIME", 0, nil, false), "the time of day in the session's zone."),
    clock("CURRENT_TIMESTAMP", INSTANT, "this instant.",
        { "NOW", "CURRENT_ROW_TIMESTAMP" }),
    clock("PROCTIME", INSTANT, "this instant, as the attribute of processing time."),
    { name = "CURRENT_WATERMARK", signatures = { "CURRENT_WATERMARK(rowtime)" },
        infer = infer_watermark, strict = false, volatile = true,
        help = "what event time has reached here; NULL before the first watermark." },
    { name = "DATE_FORMAT", fails = true, signatures = {
        "DATE_FORMAT(TIMESTAMP t, STRING pattern) STRING?",
        "DATE_FORMAT(TIMESTAMP_LTZ t, STRING pattern) STRING?",
        "DATE_FORMAT(STRING t, STRING pattern) STRING?" },
        help = "`t` as text by a pattern of Java's letters (`yyyy`, `MM`, `dd`, `HH`, `mm`, `ss`, "
            .. "`SSS`, `EEE`, `a`, ...).",
        example = { "DATE_FORMAT(TIMESTAMP '2020-01-02 03:04:05', 'yyyy/MM/dd HH.mm')",
            "2020/01/02 03.04" } },
    { name = "CONVERT_TZ", fails = true,
        signatures = { "CONVERT_TZ(STRING t, STRING from, STRING to) STRING?" },
        help = "what clocks in zone `to` show when those in zone `from` show `t` "
            .. "(yyyy-MM-dd HH:mm:ss).",
        example = { "CONVERT_TZ('1970-01-01 00:00:00', 'UTC', 'America/Los_Angeles')",
            "1969-12-31 16:00:00" } },
    { name = "FROM_UNIXTIME", fails = true,
        signatures = { "FROM_UNIXTIME(BIGINT seconds, [STRING pattern]) STRING?" },
        help = "the instant so many seconds after 1970 as text in the session's zone.",
        example = { "FROM_UNIXTIME(44)", "1970-01-01 00:00:44" } },
    { name = "UNIX_TIMESTAMP", fails = true, volatile = true, signatures = {
        "UNIX_TIMESTAMP() BIGINT", "UNIX_TIMESTAMP(STRING t, [STRING pattern]) BIGINT" },
        help = "seconds since 1970: of now, or of `t` in the session's zone "
            .. "(-9223372036854775808 where it can't be read).",
        example = { "UNIX_TIMESTAMP('1970-01-01 00:00:44')", "44" } },
    { name = "TO_DATE", fails = true, signatures = { "TO_DATE(STRING t, [STRING pattern]) DATE?" },
        help = "text as a DATE; NULL where it can't be read.",
        example = { "TO_DATE('02/01/2020', 'dd/MM/yyyy')", "2020-01-02" } },
    { name = "TO_TIMESTAMP", fails = true,
        signatures = { "TO_TIMESTAMP(STRING t, [STRING pattern]) TIMESTAMP(3)?" },
        help = "text as a TIMESTAMP(3) without zone; NULL where it can't be read.",
        example = { "TO_TIMESTAMP('2020-01-02 03:04:05')", "2020-01-02 03:04:05.000" } },
    { name = "TO_TIMESTAMP_LTZ", fails = true, signatures = {
        "TO_TIMESTAMP_LTZ(BIGINT n, [INT precision]) TIMESTAMP_LTZ(3)?",
        "TO_TIMESTAMP_LTZ(STRING t, [STRING pattern], [STRING zone]) TIMESTAMP_LTZ(3)?" },
        kernel = function(types)
            return typing.CHARACTERS[types[1].kind] and "TO_TIMESTAMP_LTZ_TEXT"
                or "TO_TIMESTAMP_LTZ"
        end,
        help = "the instant `n` seconds (precision 0) or milliseconds (3) after 1970, or that of "
            .. "text in the session's or another zone.",
        example = { "TO_TIMESTAMP_LTZ(4001, 3)", "1970-01-01 00:00:04.001" } },
}
