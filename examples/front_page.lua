--- The job on the front page of the README, on the embedded broker: from one
-- Kafka topic to another through a closure. It runs until it is stopped; `make
-- run` (examples/demo.lua) feeds it, shows what comes out, and stops it.
local moontide = require "moontide"
local Types = moontide.Types

local env = moontide.StreamExecutionEnvironment.get_execution_environment()
local t_env = moontide.StreamTableEnvironment.create(env)

t_env:execute_sql [[ CREATE TABLE source_table (a VARCHAR, b INT) WITH (
  'connector.type' = 'kafka', 'connector.version' = 'universal',
  'connector.topic' = 'source_topic',
  'connector.properties.bootstrap.servers' = 'embedded',
  'connector.properties.group.id' = 'test_3',
  'connector.startup-mode' = 'latest-offset', 'format.type' = 'json') ]]
t_env:execute_sql [[ CREATE TABLE sink_table (a VARCHAR) WITH (
  'connector.type' = 'kafka', 'connector.version' = 'universal',
  'connector.topic' = 'sink_topic',
  'connector.properties.bootstrap.servers' = 'embedded', 'format.type' = 'json') ]]

local source = t_env:from_path("source_table")
local ds = t_env:to_append_stream(source, Types.ROW { Types.STRING(), Types.INT() })
  :map(function(record) return record[1] end, Types.STRING())

t_env:from_data_stream(ds, { "a" }):insert_into("sink_table")
t_env:execute()
