-- What the events of the Nexmark source are like, beside a model that is written
-- from the facts of the public generator and draws its own random numbers.
local moontide = require "moontide"
local Types = moontide.Types

local EPOCHS = 300 -- of 1 person, 3 auctions, 46 bids
local SEED = tonumber(os.getenv "SEED") or 1

local FIELDS = {
    person = "id BIGINT, name STRING, emailAddress STRING, creditCard STRING, city STRING, "
        .. "state STRING, `dateTime` TIMESTAMP(3), extra STRING",
    auction = "id BIGINT, itemName STRING, description STRING, initialBid BIGINT, "
        .. "reserve BIGINT, `dateTime` TIMESTAMP(3), expires TIMESTAMP(3), seller BIGINT, "
        .. "category BIGINT, extra STRING",
    bid = "auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, url STRING, "
        .. "`dateTime` TIMESTAMP(3), extra STRING",
}

local function table_of(event, columns, epochs)
    local env = moontide.StreamExecutionEnvironment.get_execution_environment()
    env:set_parallelism(1)
    local t_env = moontide.StreamTableEnvironment.create(env)
    t_env:execute_sql(([[CREATE TABLE events (%s) WITH ('connector' = 'nexmark',
        'event' = '%s', 'events.num' = '%d', 'seed' = '%d')]]):format(columns, event,
        epochs * 50, SEED))
    return t_env:from_path "events", t_env
end

local function rows_of(event, columns, epochs)
    local rows = {}
    for row in table_of(event, columns, epochs):execute():collect() do
        rows[#rows + 1] = row
    end
    return rows
end

-- ---- the model ----------------------------------------------------------------

local random = math.random

-- 0 .. n - 1
local function below(n)
    return random(0, n - 1)
end

local function words(max, special)
    local letters = {}
    for i = 1, 3 + below(max - 3) do
        letters[i] = below(13) == 0 and special or string.char(97 + below(26))
    end
    return (table.concat(letters):match "^ *(.-) *$")
end

local function price()
    return math.floor(10 ^ (random() * 6) * 100 + 0.5)
end

local function extra_size(average, size)
    if size > average then
        return 0
    end
    local rest = average - size
    local delta = math.floor(rest * 0.2 + 0.5)
    return rest - delta + (delta == 0 and 0 or below(2 * delta))
end

-- The last id from 0 of those with so many an epoch.
local function last(epoch, an_epoch)
    return epoch * an_epoch + an_epoch - 1
end

local function person_before(epoch)
    local people = last(epoch, 1) + 1
    local active = math.min(people, 1000)
    return people - active + below(active + 10)
end

local function hundred(id)
    return math.floor(id / 100) * 100
end

local model = {}

function model.person()
    local name = below(11) * 9 + below(9)
    local email = words(7, " ") .. "@" .. words(5, " ") .. ".com"
    return { name = name, email = #email, card = below(10000), city = below(10),
        state = below(6) }
end

function model.auction(epoch)
    local name, description = words(20, " "), words(100, " ")
    local first = price()
    return {
        seller = below(4) > 0 and hundred(last(epoch, 1)) or person_before(epoch),
        category = below(5),
        first = math.log(first),
        reserve = math.log(first + price()),
        name = #name,
        description = #description,
        blanks = select(2, description:gsub(" ", "")),
        -- 100 auctions take 1666 events, at 10000 a second.
        life = 1 + below(2 * 166),
        extra = extra_size(500, 48 + #name + #description),
    }
end

function model.bid(epoch)
    local auctions = last(epoch, 3)
    local low = math.max(auctions - 100, 0)
    local hot = below(2) > 0
    return {
        auction = (below(2) > 0 and hundred(auctions)
            or low + below(auctions - low + 1 + 10)) - auctions,
        bidder = below(4) > 0 and hundred(last(epoch, 1)) + 1 or person_before(epoch),
        price = math.log(price()),
        channel = hot and -1 - below(4) or below(10000),
        id = not hot and below(10) > 0 and 1 or 0,
        extra = extra_size(100, 32),
        -- Six letters at a time count from 'a' up or down.
        letter = 97 + (below(2) == 0 and 1 or -1) * below(26),
    }
end

-- The same features of the source's rows.
local features = {}

local HOT = { Google = -1, Facebook = -2, Baidu = -3, Apple = -4 }

function features.bid(row, epoch)
    local at = 1 + #row.extra / 2
    return {
        auction = row.auction - 1000 - last(epoch, 3),
        bidder = row.bidder - 2000,
        price = math.log(row.price),
        channel = HOT[row.channel] or tonumber((row.channel:match "^channel%-(%d+)$")),
        id = row.url:find("&channel_id=", 1, true) and 1 or 0,
        extra = #row.extra,
        letter = row.extra:byte(math.floor(at)),
    }
end

local function millis(timestamp)
    return tonumber(timestamp.millis)
end

function features.auction(row)
    return {
        seller = row.seller - 1000,
        category = row.category - 10,
        first = math.log(row.initialBid),
        reserve = math.log(row.reserve),
        name = #row.itemName,
        description = #row.description,
        blanks = select(2, row.description:gsub(" ", "")),
        life = millis(row.expires) - millis(row.dateTime),
        extra = #row.extra,
    }
end

-- A list's index from 0.
local function index(list)
    local at = {}
    for word in list:gmatch "[^,]+" do
        at[word] = select(2, list:sub(1, (list:find(word, 1, true))):gsub(",", ""))
    end
    return at
end

local FIRST = index "Peter,Paul,Luke,John,Saul,Vicky,Kate,Julie,Sarah,Deiter,Walter"
local LAST = index "Shultz,Abrams,Spencer,White,Bartels,Walton,Smith,Jones,Noris"
local CITY = index
    "Phoenix,Los Angeles,San Francisco,Boise,Portland,Bend,Redmond,Seattle,Kent,Cheyenne"
local STATE = index "AZ,CA,ID,OR,WA,WY"

function features.person(row)
    local first, family = row.name:match "^(%a+) (%a+)$"
    return {
        name = FIRST[first] * 9 + LAST[family],
        email = #row.emailAddress:match "^[a-z ]*@[a-z ]*%.com$",
        card = tonumber((row.creditCard:match "^(%d%d%d%d) %d%d%d%d %d%d%d%d %d%d%d%d$")),
        city = CITY[row.city],
        state = STATE[row.state],
    }
end

-- ---- comparing ----------------------------------------------------------------

-- The largest distance between the distributions of two samples.
local function distance(a, b)
    local i, j, most = 1, 1, 0
    table.sort(a)
    table.sort(b)
    while i <= #a and j <= #b do
        local v = math.min(a[i], b[j])
        while a[i] == v do
            i = i + 1
        end
        while b[j] == v do
            j = j + 1
        end
        most = math.max(most, math.abs((i - 1) / #a - (j - 1) / #b))
    end
    return most
end

local function pluck(list, name)
    local values = {}
    for i, item in ipairs(list) do
        values[i] = item[name]
    end
    return values
end

describe("Nexmark events", function()
    setup(function()
        math.randomseed(SEED)
    end)

    for event, an_epoch in pairs { person = 1, auction = 3, bid = 46 } do
        it("of kind " .. event .. " are distributed like the model's", function()
            local epochs = event == "bid" and EPOCHS or event == "auction" and 2000 or 6000
            local rows = rows_of(event, FIELDS[event], epochs)
            assert.equal(epochs * an_epoch, #rows)
            local ours, theirs = {}, {}
            for i, row in ipairs(rows) do
                local epoch = math.floor((i - 1) / an_epoch)
                ours[i], theirs[i] = features[event](row, epoch), model[event](epoch)
            end
            -- Once in a thousand two samples of one distribution are so far apart.
            local limit = 1.95 * math.sqrt(2 / #rows)
            for name in pairs(theirs[1]) do
                assert.equal(#rows, #pluck(ours, name), name)
                local d = distance(pluck(ours, name), pluck(theirs, name))
                assert.is_true(d < limit, ("%s: %.4f above %.4f"):format(name, d, limit))
            end
        end)
    end

    it("name what is there or soon will be", function()
        for i, bid in ipairs(rows_of("bid", FIELDS.bid, EPOCHS)) do
            local epoch = math.floor((i - 1) / 46)
            local auction, bidder = bid.auction - 1000, bid.bidder - 2000
            assert.is_true(auction == hundred(last(epoch, 3))
                or auction >= last(epoch, 3) - 100 and auction <= last(epoch, 3) + 10)
            assert.is_true(bidder == hundred(epoch) + 1
                or bidder >= epoch - 999 and bidder <= epoch + 10)
            assert.equal(1436918400000 + math.floor((epoch * 50 + 4 + (i - 1) % 46) / 10),
                millis(bid.dateTime))
        end
    end)

    it("keep a channel to one URL, with its number's bits in reverse", function()
        local urls, ids = {}, 0
        for _, bid in ipairs(rows_of("bid", "channel STRING, url STRING", EPOCHS)) do
            assert.equal(urls[bid.channel] or bid.url, bid.url)
            urls[bid.channel] = bid.url
            local rest = bid.url:match
                "^https://www%.nexmark%.com/[a-z_]+/[a-z_]+/[a-z_]+/item%.htm%?query=1(.*)$"
            local id = rest:match "^&channel_id=(%-?%d+)$"
            assert.is_true(rest == "" or id ~= nil, bid.url)
            if id then
                local reverse = 0
                for i = 0, 31 do
                    if bit.band(bit.rshift(tonumber((bid.channel:match "%d+")), i), 1) == 1 then
                        reverse = bit.bor(reverse, bit.lshift(1, 31 - i))
                    end
                end
                assert.equal(reverse == -2 ^ 31 and reverse or math.abs(reverse), tonumber(id))
                ids = ids + 1
            end
        end
        assert.is_true(ids > 0)
    end)

    it("fill an event up to its size", function()
        for _, row in ipairs(rows_of("person", FIELDS.person, 2000)) do
            local size = 8 + #row.name + #row.emailAddress + #row.creditCard + #row.city
                + #row.state
            local delta = math.floor((200 - size) * 0.2 + 0.5)
            assert.is_true(#row.extra >= 200 - size - delta and #row.extra < 200 - size + delta)
        end
    end)

    it("are made later where they are read late", function()
        local function urls(first)
            local source, t_env = table_of("bid", FIELDS.bid, 600)
            local seen = {}
            local rows = t_env:to_append_stream(source, Types.ROW {
                Types.LONG(), Types.LONG(), Types.LONG(), Types.STRING(), Types.STRING(),
                Types.SQL_TIMESTAMP(), Types.STRING() })
                :map({
                    open = function(self)
                        self.row = 0
                    end,
                    map = function(self, row)
                        self.row = self.row + 1
                        return self.row >= first and row[5] or "unread"
                    end,
                }, Types.STRING())
            for url in rows:execute_and_collect() do
                seen[#seen + 1] = url
            end
            return seen
        end
        local all, late = urls(1), urls(20000)
        assert.equal(600 * 46, #all)
        assert.equal("unread", late[19999])
        for i = 20000, #all do
            assert.equal(all[i], late[i])
        end
    end)
end)
