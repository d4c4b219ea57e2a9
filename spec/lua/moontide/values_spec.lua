local values = require "moontide.values"
local Duration = require "moontide.common.duration"

local Decimal, Date, Time, Timestamp, Instant = values.Decimal, values.Date, values.Time,
    values.Timestamp, values.Instant

local function message(f, ...)
    local ok, err = pcall(f, ...)
    assert.is_false(ok)
    return err.message
end

-- ---- a model: decimals as texts of digits -------------------------------------------

-- Sum and product of whole numbers written as digits, without a sign.
local function add_digits(a, b)
    local result, carry = {}, 0
    for i = 0, math.max(#a, #b) do
        local x = tonumber(a:sub(-i - 1, -i - 1)) or 0
        local y = tonumber(b:sub(-i - 1, -i - 1)) or 0
        local sum = x + y + carry
        carry = math.floor(sum / 10)
        table.insert(result, 1, sum % 10)
    end
    return (table.concat(result):gsub("^0+(%d)", "%1"))
end

local function multiply_digits(a, b)
    local result = "0"
    for i = 1, #b do
        result = result .. "0"
        for _ = 1, tonumber(b:sub(i, i)) do
            result = add_digits(result, a)
        end
    end
    return (result:gsub("^0+(%d)", "%1"))
end

-- Puts the point so many digits from the end.
local function with_scale(digits, scale)
    digits = ("0"):rep(scale + 1 - #digits) .. digits
    return scale == 0 and digits or digits:sub(1, -scale - 1) .. "." .. digits:sub(-scale)
end

local function random_decimal(random)
    local whole, scale = random(12), random(0, 6)
    local digits = { random(9) }
    for i = 2, whole + scale do
        digits[i] = random(0, 9)
    end
    return table.concat(digits), scale
end

describe("Decimal", function()
    local seed = tonumber(os.getenv "SEED") or os.time()
    math.randomseed(seed)

    it(("adds and multiplies as on paper (SEED=%d)"):format(seed), function()
        for _ = 1, 300 do
            local a, a_scale = random_decimal(math.random)
            local b, b_scale = random_decimal(math.random)
            local x, y = Decimal(with_scale(a, a_scale)), Decimal(with_scale(b, b_scale))
            local scale = math.max(a_scale, b_scale)
            local sum = add_digits(a .. ("0"):rep(scale - a_scale), b .. ("0"):rep(scale - b_scale))
            assert.equal(with_scale(sum, scale), tostring(x + y))
            assert.equal(with_scale(multiply_digits(a, b), a_scale + b_scale), tostring(x * y))
            assert.is_true(x + y - y == x)
            assert.is_true(-(-x) == x)
            assert.is_true((x < y) == (tonumber(tostring(x)) < tonumber(tostring(y))))
        end
    end)

    it("keeps the digits that it was given", function()
        for _, text in ipairs {
            "12.50", "0.05", "-3", "0", ("9"):rep(38), "0." .. ("0"):rep(37) .. "1",
        } do
            assert.equal(text, tostring(Decimal(text)))
        end
        assert.equal("12.5", tostring(Decimal(12.5)))
        assert.equal("9223372036854775807", tostring(Decimal(0x7fffffffffffffffLL)))
        assert.equal("0.001", tostring(Decimal "1e-3"))
        assert.equal("12.50", tostring(Decimal("12.5", 10, 2)))
        assert.equal("12.35", tostring(Decimal(12.345, 10, 2)))
    end)

    it("has SQL's result types", function()
        local quotient = Decimal "1.00" / Decimal "3.0"
        -- DECIMAL(3, 2) / DECIMAL(2, 1): scale max(6, 2 + 2 + 1).
        assert.equal("0.333333", tostring(quotient))
        assert.equal(6, quotient.scale)
        local product = Decimal "1.25" * Decimal "2.0"
        assert.equal(3, product.scale)
        assert.equal("2", tostring(Decimal "5" % Decimal "3"))
        assert.equal("-2", tostring(Decimal "-5" % Decimal "3"))
    end)

    it("computes and compares with numbers", function()
        assert.equal("3.5", tostring(1 + Decimal "2.5"))
        assert.equal("5.0", tostring(Decimal "2.5" * 2))
        assert.is_true(Decimal "1.0" == 1)
        assert.is_true(Decimal "1.0" == Decimal "1")
        assert.is_true(1 < Decimal "1.5")
        assert.is_false(Decimal "1" == nil)
        assert.is_false(Decimal "1" == "1")
        assert.equal("sum 1.5", "sum " .. Decimal "1.5")
        assert.equal(1.5, Decimal("1.5"):to_number())
        assert.equal("12.35", tostring(Decimal("12.345"):round(2)))
        assert.equal("2.5", tostring(Decimal("-2.5"):abs()))
    end)

    it("says what can't be computed", function()
        assert.matches("division of 1 by zero", message(function() return Decimal "1" / 0 end))
        assert.matches("compute Decimal %+ string", message(function()
            return Decimal "1" + "a"
        end))
        assert.matches("compare Decimal with string", message(function()
            return Decimal "1" < "a"
        end))
        assert.matches("'1x' is not a decimal", message(Decimal, "1x"))
        assert.matches("not a decimal", message(Decimal, 0 / 0))
        assert.matches("does not fit DECIMAL%(2, 1%)", message(Decimal, 123, 2, 1))
        local large = Decimal(("9"):rep(38))
        assert.matches("more than 38 digits", message(function() return large * large end))
    end)

    it("fits a declared type or doesn't", function()
        assert.equal("1.50", tostring(values.decimal_to(Decimal "1.5", 5, 2)))
        assert.equal("7.00", tostring(values.decimal_to(7, 5, 2)))
        assert.is_nil(values.decimal_to(Decimal "1234.5", 5, 2))
        assert.is_nil(values.decimal_to("1", 5, 2))
    end)

    it("has one key for equal numbers", function()
        assert.equal("10", values.decimal_key(Decimal "10.00"))
        assert.equal("100", values.decimal_key(Decimal "100"))
        assert.equal("0.5", values.decimal_key(Decimal "0.50"))
    end)
end)

describe("Date", function()
    it("has parts, text and an order", function()
        local d = Date "2020-02-29"
        assert.same({ 2020, 2, 29 }, { d.year, d.month, d.day })
        assert.equal("2020-02-29", tostring(d))
        assert.is_true(d == Date(2020, 2, 29))
        assert.is_true(d < Date "2020-03-01")
        assert.equal("1969-12-31", tostring(Date.of_epoch_day(-1)))
        assert.equal(18321, d:to_epoch_day())
    end)

    it("moves by days", function()
        assert.equal("2020-03-01", tostring(Date "2020-02-28" + 2))
        assert.equal("2020-02-28", tostring(Date "2020-03-01" - 2))
        assert.equal(366, Date "2021-01-01" - Date "2020-01-01")
        assert.matches("whole number of days", message(function()
            return Date "2020-01-01" + 1.5
        end))
    end)

    it("walks through four centuries as a calendar does", function()
        local lengths = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 }
        local day = Date "1900-01-01"
        for year = 1900, 2000 do
            local leap = year % 4 == 0 and (year % 100 ~= 0 or year % 400 == 0)
            for month = 1, 12 do
                assert.same({ year, month, 1 }, { day.year, day.month, day.day })
                day = day + lengths[month] + (leap and month == 2 and 1 or 0)
            end
        end
    end)

    it("refuses days that don't exist", function()
        assert.matches("no day 2021%-2%-29", message(Date, 2021, 2, 29))
        assert.matches("'2021%-13%-01' is not a date", message(Date, "2021-13-01"))
        assert.matches("a Date has no 'yaer'", message(function()
            return Date("2020-01-01").yaer
        end))
    end)
end)

describe("Time", function()
    it("has parts, text and an order", function()
        local t = Time "12:00:01.5"
        assert.same({ 12, 0, 1, 500000000 }, { t.hour, t.minute, t.second, t.nanosecond })
        assert.equal("12:00:01.5", tostring(t))
        assert.equal("12:00:01.005", tostring(Time(12, 0, 1, 5000000)))
        assert.equal("12:30:00", tostring(Time "12:30"))
        assert.is_true(Time "01:00:00" < t)
        assert.equal(43201500, t:to_milli_of_day())
        assert.matches("no time of day 24:0", message(Time, 24, 0))
    end)

    it("goes round at midnight", function()
        assert.equal("00:00:30", tostring(Time "23:59:30" + Time.minutes(1)))
        assert.equal("23:59:30", tostring(Time "00:00:30" - Time.minutes(1)))
        assert.is_true(Time "01:00" - Time "00:30" == Duration.of_minutes(30))
    end)

    it("also makes sizes of windows", function()
        assert.equal(5000, Time.seconds(5):to_milliseconds())
        assert.equal(86400000, Time.days(1):to_milliseconds())
        assert.equal(7, Time.milliseconds(7):to_milliseconds())
    end)
end)

describe("Timestamp", function()
    it("has parts, text and an order", function()
        local t = Timestamp "2020-01-01 12:00:00.123"
        assert.same({ 2020, 1, 1, 12, 0, 0, 123000000 },
            { t.year, t.month, t.day, t.hour, t.minute, t.second, t.nanosecond })
        assert.equal("2020-01-01 12:00:00.123", tostring(t))
        assert.equal(1577880000123, t:to_epoch_milli())
        assert.is_true(Timestamp.of_epoch_milli(1577880000123) == t)
        assert.equal("2020-01-01", tostring(t:to_date()))
        assert.equal("12:00:00.123", tostring(t:to_time()))
        assert.equal("2020-01-01 00:00:00", tostring(Timestamp(2020, 1, 1)))
        assert.equal("2020-01-01 12:00:00.000000001",
            tostring(Timestamp(2020, 1, 1, 12, 0, 0, 1)))
        assert.is_true(t < Timestamp "2020-01-01 12:00:00.1231")
    end)

    it("is right before 1970", function()
        local t = Timestamp.of_epoch_milli(-1)
        assert.equal("1969-12-31 23:59:59.999", tostring(t))
        assert.same({ 1969, 12, 31, 23, 59, 59, 999000000 },
            { t.year, t.month, t.day, t.hour, t.minute, t.second, t.nanosecond })
        assert.equal("1969-12-31 23:59:58.999", tostring(t - Time.seconds(1)))
    end)

    it("moves by durations, and two are a duration apart", function()
        local t = Timestamp "2020-01-01 00:00:00"
        assert.equal("2020-01-02 00:00:00", tostring(t + Time.days(1)))
        assert.equal("2020-01-01 00:00:01.500", tostring(t + Duration.of_millis(1500)))
        assert.is_true(t + Time.hours(1) - t == Time.hours(1))
        assert.matches("a Duration was expected", message(function() return t + 1 end))
    end)

    it("with a zone prints as UTC", function()
        assert.equal("2020-01-01 12:00:00.123Z", tostring(Instant.of_epoch_milli(1577880000123)))
        assert.equal("Instant", values.class_name(Timestamp "2020-01-01T12:00:00Z"))
        assert.equal("2020-01-01 12:00:00Z", tostring(Instant "2020-01-01 12:00:00"))
    end)

    it("knows the present", function()
        local now = Timestamp.now():to_epoch_milli()
        assert.is_true(math.abs(now / 1000 - os.time()) < 3)
    end)
end)

describe("any value", function()
    it("travels as text", function()
        for _, value in ipairs {
            Decimal "12.50", Decimal "-0.001", Date "1066-10-14", Time "01:02:03.004",
            Timestamp "2020-01-01 12:00:00.123456789", Timestamp.of_epoch_milli(-5),
            Instant.of_epoch_milli(5),
        } do
            local name, text = values.pack(value)
            local copy = values.unpack(name, text)
            assert.equal(values.class_name(value), values.class_name(copy))
            assert.is_true(value == copy)
            assert.equal(tostring(value), tostring(copy))
        end
        assert.is_nil(values.pack "text")
        assert.is_nil(values.pack(1LL))
    end)

    it("is told from other values", function()
        assert.is_true(values.is(Date "2020-01-01"))
        for _, other in ipairs { 1, "a", 1LL, true, {} } do
            assert.is_false(values.is(other))
        end
    end)
end)
