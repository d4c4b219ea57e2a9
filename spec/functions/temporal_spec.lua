--- Functions of dates and times: random moments against a calendar that counts
-- days one year after the other, and known values by hand.
local evaluate = require "moontide.expr.evaluate"
local moontide = require "moontide"
local sql = require "sql_eval"

-- ---- a naive calendar --------------------------------------------------------------------

local DAY = 86400000

local function is_leap(year)
    return year % 4 == 0 and (year % 100 ~= 0 or year % 400 == 0)
end

local function days_of_month(year, month)
    local days = { 31, is_leap(year) and 29 or 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 }
    return days[month]
end

local first_days = { [1970] = 0 }
for year = 1971, 10002 do
    first_days[year] = first_days[year - 1] + (is_leap(year - 1) and 366 or 365)
end
for year = 1969, -1000, -1 do
    first_days[year] = first_days[year + 1] - (is_leap(year) and 366 or 365)
end

--- Milliseconds since 1970 of a day's begin; the day is the month's last at most.
local function instant_of(year, month, day)
    local days = first_days[year]
    for m = 1, month - 1 do
        days = days + days_of_month(year, m)
    end
    return (days + math.min(day, days_of_month(year, month)) - 1) * DAY
end

local function date_of(ms)
    local days = math.floor(ms / DAY)
    local year = 1970 + math.floor(days / 365.2425)
    while first_days[year] > days do
        year = year - 1
    end
    while first_days[year + 1] <= days do
        year = year + 1
    end
    local rest, month = days - first_days[year], 1
    while rest >= days_of_month(year, month) do
        rest, month = rest - days_of_month(year, month), month + 1
    end
    return year, month, rest + 1
end

local function text_of(ms)
    local year, month, day = date_of(ms)
    local rest = ms % DAY
    return ("%04d-%02d-%02d %02d:%02d:%02d.%03d"):format(year, month, day,
        math.floor(rest / 3600000), math.floor(rest / 60000) % 60, math.floor(rest / 1000) % 60,
        rest % 1000)
end

local function add_months(ms, months)
    local year, month, day = date_of(ms)
    local all = year * 12 + month - 1 + months
    return instant_of(math.floor(all / 12), all % 12 + 1, day) + ms % DAY
end

local function months_between(a, b)
    if b < a then
        return -months_between(b, a)
    end
    local year, later = date_of(a), date_of(b)
    local months = math.max(0, (later - year - 1) * 12)
    while add_months(a, months + 1) <= b do
        months = months + 1
    end
    return months
end

local function truncated(x)
    return x < 0 and math.ceil(x) or math.floor(x)
end

local function iso_weekday(ms)
    return (math.floor(ms / DAY) + 3) % 7 + 1
end

local function thursday_of(ms)
    return ms - (iso_weekday(ms) - 4) * DAY
end

local function day_of_year(ms)
    return math.floor(ms / DAY) - first_days[(date_of(ms))] + 1
end

-- ---- models --------------------------------------------------------------------------------

local PARTS = {
    YEAR = function(ms) return (date_of(ms)) end,
    QUARTER = function(ms) return math.ceil(select(2, date_of(ms)) / 3) end,
    MONTH = function(ms) return (select(2, date_of(ms))) end,
    DAY = function(ms) return (select(3, date_of(ms))) end,
    WEEK = function(ms) return math.floor((day_of_year(thursday_of(ms)) - 1) / 7) + 1 end,
    ISOYEAR = function(ms) return (date_of(thursday_of(ms))) end,
    DOY = day_of_year,
    ISODOW = iso_weekday,
    DOW = function(ms) return iso_weekday(ms) % 7 + 1 end,
    HOUR = function(ms) return math.floor(ms % DAY / 3600000) end,
    MINUTE = function(ms) return math.floor(ms % 3600000 / 60000) end,
    SECOND = function(ms) return math.floor(ms % 60000 / 1000) end,
    MILLISECOND = function(ms) return ms % 60000 end,
    MICROSECOND = function(ms) return ms % 60000 * 1000 end,
    EPOCH = function(ms) return math.floor(ms / 1000) end,
    DECADE = function(ms) return math.floor(date_of(ms) / 10) end,
    CENTURY = function(ms) return math.ceil(date_of(ms) / 100) end,
    MILLENNIUM = function(ms) return math.ceil(date_of(ms) / 1000) end,
}

local MILLIS = { SECOND = 1000, MINUTE = 60000, HOUR = 3600000, DAY = DAY, WEEK = 7 * DAY }
local MONTHS = { MONTH = 1, QUARTER = 3, YEAR = 12, DECADE = 120, CENTURY = 1200 }

local function floor_to(ms, unit)
    if unit == "WEEK" then -- from Sunday on
        return math.floor(ms / DAY) * DAY - iso_weekday(ms) % 7 * DAY
    elseif MILLIS[unit] then
        return ms - ms % MILLIS[unit]
    end
    local year, month = date_of(ms)
    if unit == "CENTURY" then
        return instant_of(year - (year - 1) % 100, 1, 1)
    end
    local all = year * 12 + month - 1
    all = all - all % MONTHS[unit]
    return instant_of(math.floor(all / 12), all % 12 + 1, 1)
end

local function ceil_to(ms, unit)
    local low = floor_to(ms, unit)
    if low == ms then
        return ms
    end
    return MILLIS[unit] and low + MILLIS[unit] or add_months(low, MONTHS[unit])
end

--- Expressions over t, u (TIMESTAMP(3)) and n, with what they are.
local function models()
    local list = {}
    local function add(expr, model)
        list[#list + 1] = { "CAST(" .. expr .. " AS STRING)", model }
    end
    add("t", function(row) return text_of(row.t) end)
    for unit, part in pairs(PARTS) do
        add(("EXTRACT(%s FROM t)"):format(unit), function(row)
            return ("%d"):format(part(row.t))
        end)
    end
    for _, units in ipairs { MILLIS, MONTHS } do
        for unit, size in pairs(units) do
            add(("FLOOR(t TO %s)"):format(unit), function(row)
                return text_of(floor_to(row.t, unit))
            end)
            add(("CEIL(t TO %s)"):format(unit), function(row)
                return text_of(ceil_to(row.t, unit))
            end)
            add(("TIMESTAMPADD(%s, n %% 4, t)"):format(unit), function(row)
                local n = math.fmod(row.n, 4)
                return text_of(units == MILLIS and row.t + n * size
                    or add_months(row.t, n * size))
            end)
            add(("TIMESTAMPDIFF(%s, t, u)"):format(unit), function(row)
                local count = truncated(units == MILLIS and (row.u - row.t) / size
                    or months_between(row.t, row.u) / size)
                return ("%d"):format((count + 2 ^ 31) % 2 ^ 32 - 2 ^ 31) -- an INT
            end)
        end
    end
    add("t + INTERVAL '1' MONTH - INTERVAL '1' DAY", function(row)
        return text_of(add_months(row.t, 1) - DAY)
    end)
    add("(t, u) OVERLAPS (u, INTERVAL '1' SECOND)", function()
        return "TRUE"
    end)
    add("TO_TIMESTAMP(DATE_FORMAT(t, 'yyyyMMddHHmmss'), 'yyyyMMddHHmmss')", function(row)
        return text_of(row.t - row.t % 1000)
    end)
    add("FLOOR(CAST(t AS DATE) TO QUARTER)", function(row)
        return text_of(floor_to(row.t, "QUARTER")):sub(1, 10)
    end)
    return list
end

local function random_moment()
    local ms = instant_of(math.random(500, 9500), math.random(12), math.random(31))
    local kind = math.random(4)
    if kind == 1 then -- the ends of months, where days are missing
        local year, month = date_of(ms)
        ms = instant_of(year, month, 31)
    elseif kind == 2 then
        ms = instant_of(math.random(1900, 2100), math.random(12), math.random(31))
    end
    return ms + (math.random(4) == 1 and 0 or math.random(0, DAY - 1))
end

describe("functions of times over columns", function()
    it("do what a naive calendar does", function()
        local seed = tonumber(os.getenv "SEED") or os.time()
        math.randomseed(seed)
        local rows, elements, columns, list = {}, {}, {}, models()
        for i = 1, 250 do
            rows[i] = { t = random_moment(), u = random_moment(), n = math.random(-40, 40) }
            if i % 3 == 0 then -- not far from each other
                rows[i].u = rows[i].t + math.random(-100, 100) * DAY / 2
            end
            elements[i] = { rows[i].t, rows[i].u, rows[i].n }
        end
        for i, model in ipairs(list) do
            columns[i] = model[1]
        end
        local env = moontide.StreamExecutionEnvironment.get_execution_environment()
        env:set_parallelism(1)
        local t_env = moontide.StreamTableEnvironment.create(env)
        t_env:get_config():set("table.local-time-zone", "UTC")
        t_env:create_temporary_view("e", t_env:from_elements(elements,
            "ROW<t BIGINT, u BIGINT, n BIGINT>"))
        local n = 0
        for row in t_env:execute_sql("SELECT " .. table.concat(columns, ", ")
            .. " FROM (SELECT CAST(TO_TIMESTAMP_LTZ(t, 3) AS TIMESTAMP(3)) AS t, "
            .. "CAST(TO_TIMESTAMP_LTZ(u, 3) AS TIMESTAMP(3)) AS u, n FROM e)"):collect() do
            n = n + 1
            for i, model in ipairs(list) do
                assert.equal(model[2](rows[n]), row[i], ("SEED=%d: %s, t=%s u=%s n=%d"):format(
                    seed, model[1], text_of(rows[n].t), text_of(rows[n].u), rows[n].n))
            end
        end
        assert.equal(#rows, n)
    end)
end)

-- ---- by hand ---------------------------------------------------------------------------------

local NULL = "NULL"
local CASES = {
    { "parts of times and intervals are taken", {
        { "EXTRACT(NANOSECOND FROM CAST('2020-01-01 00:00:01.123456789' AS TIMESTAMP(9)))",
            "1123456789" },
        { "EXTRACT(HOUR FROM TIME '13:14:15')", "13" }, { "SECOND(TIME '13:14:15.9')", "15" },
        { "EXTRACT(DAY FROM CAST(NULL AS DATE))", NULL }, { "YEAR(DATE '0001-01-01')", "1" },
        { "EXTRACT(CENTURY FROM DATE '2000-12-31')", "20" },
        { "EXTRACT(CENTURY FROM DATE '2001-01-01')", "21" },
        { "EXTRACT(MILLENNIUM FROM DATE '2001-01-01')", "3" },
        { "EXTRACT(WEEK FROM DATE '2021-01-03')", "53" },
        { "EXTRACT(ISOYEAR FROM DATE '2021-01-03')", "2020" },
        { "DAYOFWEEK(DATE '2021-01-03')", "1" }, { "DAYOFYEAR(DATE '2020-12-31')", "366" },
        { "EXTRACT(MONTH FROM INTERVAL '3-11' YEAR TO MONTH)", "11" },
        { "EXTRACT(YEAR FROM INTERVAL '3-11' YEAR TO MONTH)", "3" },
        { "EXTRACT(HOUR FROM INTERVAL '2 03:04:05' DAY TO SECOND)", "3" },
        { "EXTRACT(DAY FROM INTERVAL '2 03:04:05' DAY TO SECOND)", "2" },
        { "EXTRACT(EPOCH FROM TIMESTAMP '1969-12-31 23:59:59.5')", "-1" },
    } },
    { "times are rounded to units", {
        { "FLOOR(DATE '2020-05-17' TO YEAR)", "2020-01-01" },
        { "CEIL(DATE '2020-01-01' TO YEAR)", "2020-01-01" },
        { "CEIL(DATE '2020-01-02' TO YEAR)", "2021-01-01" },
        { "FLOOR(TIME '12:44:31' TO MINUTE)", "12:44:00" },
        { "CEIL(TIME '12:44:31' TO MINUTE)", "12:45:00" },
        { "FLOOR(TIMESTAMP '1969-12-31 23:59:59' TO HOUR)", "1969-12-31 23:00:00" },
        { "FLOOR(TIMESTAMP '2020-05-17 10:11:12.345' TO SECOND)", "2020-05-17 10:11:12.000" },
        { "FLOOR(TIMESTAMP '2020-05-20 10:11:12' TO WEEK)", "2020-05-17 00:00:00" },
        { "FLOOR(TIMESTAMP '2020-05-20 10:11:12' TO MILLENNIUM)", "2001-01-01 00:00:00" },
        { "FLOOR(CAST(NULL AS TIMESTAMP(3)) TO DAY)", NULL },
    } },
    { "intervals are added and taken away", {
        { "DATE '2020-01-31' + INTERVAL '1' MONTH", "2020-02-29" },
        { "DATE '2020-02-29' - INTERVAL '1' YEAR", "2019-02-28" },
        { "DATE '2020-02-28' + INTERVAL '2' DAY", "2020-03-01" },
        { "TIME '23:30:00' + INTERVAL '1' HOUR", "00:30:00" },
        { "TIME '00:30:00' - INTERVAL '1' HOUR", "23:30:00" },
        { "INTERVAL '1' DAY + TIMESTAMP '2020-12-31 12:00:00'", "2021-01-01 12:00:00" },
        { "TIMESTAMP '2020-01-01 00:00:00.000' - INTERVAL '0.001' SECOND",
            "2019-12-31 23:59:59.999" },
        { "INTERVAL '1' DAY * 3", "+3 00:00:00.000" }, { "INTERVAL '7' MONTH / 2", "+0-03" },
        { "INTERVAL '1' DAY - INTERVAL '1' HOUR", "+0 23:00:00.000" },
        { "TIMESTAMPADD(QUARTER, 1, DATE '2020-11-30')", "2021-02-28" },
        { "TIMESTAMPADD(HOUR, 25, DATE '2020-01-01')", "2020-01-02 01:00:00.000" },
        { "TIMESTAMPADD(MINUTE, -1, TIME '00:00:00')", "23:59:00" },
        { "TIMESTAMPADD(DAY, NULL, DATE '2020-01-01')", NULL },
        { "TIMESTAMPADD(SQL_TSI_DAY, 1, DATE '2020-01-01')", "2020-01-02" },
    } },
    { "differences are whole units", {
        { "TIMESTAMPDIFF(MONTH, DATE '2020-01-31', DATE '2020-02-29')", "1" },
        { "TIMESTAMPDIFF(MONTH, DATE '2020-02-29', DATE '2020-01-31')", "-1" },
        { "TIMESTAMPDIFF(YEAR, DATE '2020-02-29', DATE '2021-02-28')", "1" },
        { "TIMESTAMPDIFF(HOUR, TIMESTAMP '2020-01-01 00:59:59', TIMESTAMP '2020-01-01 02:59:58')",
            "1" },
        { "TIMESTAMPDIFF(DAY, TIMESTAMP '2020-01-02 00:00:00', TIMESTAMP '2020-01-01 00:00:01')",
            "0" },
        { "TIMESTAMPDIFF(MINUTE, TIME '10:00:00', TIME '10:30:30')", "30" },
        { "TIMESTAMPDIFF(MILLISECOND, DATE '1970-01-01', DATE '2970-01-01')", "31556995200000" },
        { "TIMESTAMPDIFF(DAY, NULL, DATE '2020-01-01')", NULL },
    } },
    { "periods overlap", {
        { "(TIME '9:00:00', TIME '9:30:00') OVERLAPS (TIME '9:29:00', TIME '9:31:00')", "TRUE" },
        { "(TIME '9:00:00', TIME '10:00:00') OVERLAPS (TIME '10:15:00', INTERVAL '3' HOUR)",
            "FALSE" },
        { "(DATE '2020-02-01', DATE '2020-01-01') OVERLAPS (DATE '2020-01-15', INTERVAL '1' DAY)",
            "TRUE" },
        { "(DATE '2020-01-01', DATE '2020-01-02') OVERLAPS (DATE '2020-01-02', NULL)", NULL },
    } },
    { "texts are made and read by patterns", {
        { "DATE_FORMAT(TIMESTAMP '2020-01-02 15:04:05.678', 'EEE, d MMM yy hh:mm:ss.SSS a')",
            "Thu, 2 Jan 20 03:04:05.678 PM" },
        { "DATE_FORMAT('2020-01-02 15:04:05', 'HH''h''')", "15h" },
        { "DATE_FORMAT('no time', 'HH')", NULL }, { "DATE_FORMAT(NULL, 'HH')", NULL },
        { "TO_DATE('2020-02-30')", NULL }, { "TO_DATE('2020-02-29')", "2020-02-29" },
        { "TO_DATE('29.2.2020', 'd.M.yyyy')", "2020-02-29" }, { "TO_DATE('x', 'd.M.yyyy')", NULL },
        { "TO_TIMESTAMP('2020-02-29 01:02:03.456')", "2020-02-29 01:02:03.456" },
        { "TO_TIMESTAMP('9999-12-31 23:59:59')", "9999-12-31 23:59:59.000" },
        { "TO_TIMESTAMP('29/02/20 1 PM', 'dd/MM/yy h a')", "2020-02-29 13:00:00.000" },
        { "TO_TIMESTAMP('2020-02-29 24:00:00')", NULL },
    } },
    { "seconds since 1970 are texts and back", {
        { "FROM_UNIXTIME(-1)", "1969-12-31 23:59:59" }, { "FROM_UNIXTIME(44, 'mm:ss')", "00:44" },
        { "FROM_UNIXTIME(NULL)", NULL }, { "UNIX_TIMESTAMP('1969-12-31 23:59:59')", "-1" },
        { "UNIX_TIMESTAMP('1970-01-02', 'yyyy-MM-dd')", "86400" },
        { "UNIX_TIMESTAMP('x')", "-9223372036854775808" },
        { "UNIX_TIMESTAMP() > 1700000000", "TRUE" },
        { "TO_TIMESTAMP_LTZ(44, 0)", "1970-01-01 00:00:44.000" },
        { "TO_TIMESTAMP_LTZ(-1, 3)", "1969-12-31 23:59:59.999" },
        { "TO_TIMESTAMP_LTZ(9223372036854775807, 0)", NULL },
        { "TO_TIMESTAMP_LTZ('2020-01-01 00', 'yyyy-MM-dd HH', 'Asia/Tokyo')",
            "2019-12-31 15:00:00.000" },
    } },
    { "clocks in several zones are compared", {
        { "CONVERT_TZ('2020-07-01 12:00:00', 'UTC', 'Europe/Berlin')", "2020-07-01 14:00:00" },
        { "CONVERT_TZ('2020-01-01 12:00:00', 'UTC', 'Europe/Berlin')", "2020-01-01 13:00:00" },
        { "CONVERT_TZ('2020-01-01 12:00:00', 'Asia/Kolkata', 'GMT-03:30')", "2020-01-01 03:00:00" },
        { "CONVERT_TZ('x', 'UTC', 'UTC')", NULL },
    } },
    { "clocks go on", {
        { "CURRENT_DATE >= DATE '2024-01-01'", "TRUE" },
        { "NOW() > TO_TIMESTAMP_LTZ(1700000000, 0)", "TRUE" },
        { "CURRENT_TIMESTAMP = NOW()", "TRUE" }, { "LOCALTIMESTAMP IS NOT NULL", "TRUE" },
        { "CAST(LOCALTIMESTAMP AS DATE) = CURRENT_DATE", "TRUE" },
        { "PROCTIME() > TO_TIMESTAMP_LTZ(0, 3)", "TRUE" }, { "CURRENT_TIME = LOCALTIME", "TRUE" },
    } },
}

--- In the zone of Berlin. 2021-03-28 had no 02:30, 2021-10-31 had it twice.
local BERLIN = {
    { "FROM_UNIXTIME(0)", "1970-01-01 01:00:00" },
    { "UNIX_TIMESTAMP('1970-01-01 01:00:00')", "0" },
    { "UNIX_TIMESTAMP('2021-03-28 02:30:00')", "1616895000" },
    { "UNIX_TIMESTAMP('2021-10-31 02:30:00')", "1635640200" },
    { "TO_TIMESTAMP_LTZ(0, 3)", "1970-01-01 01:00:00.000" },
    { "TO_TIMESTAMP_LTZ('2021-03-28 02:30:00')", "2021-03-28 03:30:00.000" },
    { "EXTRACT(HOUR FROM TO_TIMESTAMP_LTZ(1625097600, 0))", "2" },
    { "FLOOR(TO_TIMESTAMP_LTZ(1625097600, 0) TO DAY)", "2021-07-01 00:00:00.000" },
    { "CAST(TO_TIMESTAMP_LTZ(1625097600, 0) AS TIMESTAMP(0))", "2021-07-01 02:00:00" },
    { "CAST(TIMESTAMP '2021-07-01 02:00:00' AS TIMESTAMP_LTZ(0)) = TO_TIMESTAMP_LTZ(1625097600, 0)",
        "TRUE" },
    { "TO_TIMESTAMP_LTZ(1616889600, 0) + INTERVAL '1' DAY", "2021-03-29 01:00:00.000" },
    { "DATE_FORMAT(TO_TIMESTAMP_LTZ(1625097600, 0), 'HH:mm')", "02:00" },
}

describe("functions of times", function()
    for _, case in ipairs(CASES) do
        it(case[1], function()
            for _, pair in ipairs(case[2]) do
                assert.equal(pair[2], sql.show(pair[1]), pair[1])
            end
        end)
    end

    it("see the session's zone", function()
        for _, pair in ipairs(BERLIN) do
            local text = ("CAST(%s AS STRING)"):format(pair[1])
            assert.equal(pair[2], evaluate(sql.typed(text), { statement = text,
                session = { zone = "Europe/Berlin" } }), pair[1])
        end
    end)

    it("refuse what they can't take, and say why", function()
        for _, pair in ipairs {
            { "EXTRACT(HOUR FROM DATE '2020-01-01')", "has no HOUR" },
            { "EXTRACT(YEAR FROM TIME '10:00:00')", "has no YEAR" },
            { "EXTRACT(FORTNIGHT FROM DATE '2020-01-01')", "no unit of time" },
            { "EXTRACT(DAY FROM 5)", "no parts of time in INT" },
            { "FLOOR(5 TO DAY)", "takes a time, not INT" },
            { "TIMESTAMPADD(MONTH, 1, TIME '10:00:00')", "has no MONTH" },
            { "TIMESTAMPADD(YEAR, 300000000, DATE '2020-01-01')", "out of the range of a date" },
            { "DATE_FORMAT('2020-01-01 00:00:00', 'yyyy ''')", "no pattern of dates and times" },
            { "DATE_FORMAT('2020-01-01 00:00:00', 'VV')", "not supported yet" },
            { "CONVERT_TZ('2020-01-01 00:00:00', 'UTC', 'Mars/Olympus')", "is no time zone" },
            { "TO_TIMESTAMP_LTZ(1, 6)", "takes seconds %(0%) or milliseconds %(3%), not 6" },
            { "INTERVAL '1' DAY / 0", "division of an interval by zero" },
        } do
            assert.error_matches(function()
                sql.show(pair[1])
            end, pair[2])
        end
    end)
end)
