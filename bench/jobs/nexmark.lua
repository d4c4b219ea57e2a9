-- nexmark.lua EVENTS QUERY: a query of the Nexmark benchmark over so many events of
-- all kinds, into nothing. Table, views and statements are those that Flink is
-- measured with. QUERY "source" makes the table's events and reads none.
local bench = require "bench"
local moontide = require "moontide"

local events, query = bench.number(1, 1e7), arg[2] or "q0"
local _, t_env = bench.environment()

local TABLE = [[
    event_type INT,
    person ROW<
        id BIGINT, name VARCHAR, emailAddress VARCHAR, creditCard VARCHAR, city VARCHAR,
        state VARCHAR, `dateTime` TIMESTAMP(3), extra VARCHAR>,
    auction ROW<
        id BIGINT, itemName VARCHAR, description VARCHAR, initialBid BIGINT, reserve BIGINT,
        `dateTime` TIMESTAMP(3), expires TIMESTAMP(3), seller BIGINT, category BIGINT,
        extra VARCHAR>,
    bid ROW<
        auction BIGINT, bidder BIGINT, price BIGINT, channel VARCHAR, url VARCHAR,
        `dateTime` TIMESTAMP(3), extra VARCHAR>]]

local TIME = [[,
    `dateTime` AS
        CASE
            WHEN event_type = 0 THEN person.`dateTime`
            WHEN event_type = 1 THEN auction.`dateTime`
            ELSE bid.`dateTime`
        END,
    WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND]]

local BID = [[CREATE VIEW bid AS
    SELECT bid.auction, bid.bidder, bid.price, bid.channel, bid.url, `dateTime`, bid.extra
    FROM nexmark WHERE event_type = 2]]

-- By query: the sink's columns, and what goes into it.
local QUERIES = {
    source = { TABLE },
    q0 = {
        "auction BIGINT, bidder BIGINT, price BIGINT, `dateTime` TIMESTAMP(3), extra VARCHAR",
        "SELECT auction, bidder, price, `dateTime`, extra FROM bid",
    },
    q1 = {
        "auction BIGINT, bidder BIGINT, price DECIMAL(23, 3), `dateTime` TIMESTAMP(3), "
            .. "extra VARCHAR",
        "SELECT auction, bidder, 0.908 * price as price, `dateTime`, extra FROM bid",
    },
    q2 = {
        "auction BIGINT, price BIGINT",
        "SELECT auction, price FROM bid WHERE MOD(auction, 123) = 0",
    },
    q14 = {
        "auction BIGINT, bidder BIGINT, price DECIMAL(23, 3), bidTimeType VARCHAR, "
            .. "`dateTime` TIMESTAMP(3), extra VARCHAR, c_counts BIGINT",
        [[SELECT
            auction,
            bidder,
            0.908 * price as price,
            CASE
                WHEN HOUR(`dateTime`) >= 8 AND HOUR(`dateTime`) <= 18 THEN 'dayTime'
                WHEN HOUR(`dateTime`) <= 6 OR HOUR(`dateTime`) >= 20 THEN 'nightTime'
                ELSE 'otherTime'
            END AS bidTimeType,
            `dateTime`,
            extra,
            count_char(extra, 'c') AS c_counts
        FROM bid
        WHERE 0.908 * price > 1000000 AND 0.908 * price < 50000000]],
    },
    q21 = {
        "auction BIGINT, bidder BIGINT, price BIGINT, channel VARCHAR, channel_id VARCHAR",
        [[SELECT
            auction, bidder, price, channel,
            CASE
                WHEN lower(channel) = 'apple' THEN '0'
                WHEN lower(channel) = 'google' THEN '1'
                WHEN lower(channel) = 'facebook' THEN '2'
                WHEN lower(channel) = 'baidu' THEN '3'
                ELSE REGEXP_EXTRACT(url, '(&|^)channel_id=([^&]*)', 2)
                END
            AS channel_id FROM bid
            where REGEXP_EXTRACT(url, '(&|^)channel_id=([^&]*)', 2) is not null or
                  lower(channel) in ('apple', 'google', 'facebook', 'baidu')]],
    },
    q22 = {
        "auction BIGINT, bidder BIGINT, price BIGINT, channel VARCHAR, dir1 VARCHAR, "
            .. "dir2 VARCHAR, dir3 VARCHAR",
        [[SELECT
            auction, bidder, price, channel,
            SPLIT_INDEX(url, '/', 3) as dir1,
            SPLIT_INDEX(url, '/', 4) as dir2,
            SPLIT_INDEX(url, '/', 5) as dir3 FROM bid]],
    },
}

-- How often the first byte of `character` is in the text.
local function count_char(text, character)
    local byte, count = character:byte(), 0
    for i = 1, #text do
        if text:byte(i) == byte then
            count = count + 1
        end
    end
    return count
end

local columns, statement = unpack(QUERIES[query])
t_env:execute_sql(([[CREATE TABLE nexmark (%s) WITH (
    'connector' = 'nexmark', 'first-event.rate' = '10000000',
    'next-event.rate' = '10000000', 'events.num' = '%.0f')]]):format(
    statement and TABLE .. TIME or TABLE, events))
t_env:execute_sql("CREATE TABLE nothing (" .. columns .. ") WITH ('connector' = 'blackhole')")
if statement then
    t_env:execute_sql(BID)
end
if query == "q14" then
    t_env:create_temporary_function("count_char", moontide.udf(count_char, {
        input_types = { "STRING", "STRING" }, result_type = "BIGINT",
    }))
end

bench.measure(events, function()
    t_env:execute_sql("INSERT INTO nothing " .. (statement or "SELECT * FROM nexmark")):wait()
end)
