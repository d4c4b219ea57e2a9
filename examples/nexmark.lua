--- Query 2 of the Nexmark benchmark: the bids for some of the auctions. Every run has
-- the same events, since they depend on their number and a seed only.
--
-- Prints:
--     Row(auction=1107, price=13509)
--     Row(auction=1107, price=73329)
--     Row(auction=1107, price=11092495)
--     Row(auction=1107, price=180)
--     Row(auction=1107, price=1656080)
local moontide = require "moontide"

local settings = moontide.EnvironmentSettings.in_streaming_mode()
local t_env = moontide.TableEnvironment.create(settings)
t_env:get_config():set("parallelism.default", "1")

t_env:execute_sql [[
    CREATE TABLE bid (
        auction BIGINT, price BIGINT, `dateTime` TIMESTAMP(3),
        WATERMARK FOR `dateTime` AS `dateTime` - INTERVAL '4' SECOND
    ) WITH ('connector' = 'nexmark', 'event' = 'bid', 'events.num' = '3000')]]

local result = t_env:execute_sql "SELECT auction, price FROM bid WHERE MOD(auction, 123) = 0"
for row in result:collect() do
    print(row)
end
