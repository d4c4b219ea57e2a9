-- Words of a text, counted as they come, in an index of a search server: each
-- word is a document, and the last count of it stays. Needs a server:
--
--     moontide run examples/elasticsearch.lua http://127.0.0.1:9200
--     curl 'http://127.0.0.1:9200/words/_search?q=word:moon'
local moontide = require "moontide"
local Types = moontide.Types

local TEXT = "the moon moves the tide and the tide moves the boats"

local env = moontide.StreamExecutionEnvironment.get_execution_environment()
local t_env = moontide.StreamTableEnvironment.create(env)

t_env:execute_sql(([[
    CREATE TABLE words (word STRING, n INT, PRIMARY KEY (word) NOT ENFORCED) WITH (
        'connector' = 'elasticsearch-7',
        'hosts' = '%s',
        'index' = 'words',
        'sink.bulk-flush.backoff.strategy' = 'EXPONENTIAL'
    )]]):format(arg[1] or "http://127.0.0.1:9200"))

local counts = env:from_collection({ TEXT }, Types.STRING())
    :flat_map(function(text, collect)
        for word in text:gmatch "%a+" do
            collect { word, 1 }
        end
    end, Types.ROW_NAMED({ "word", "n" }, { Types.STRING(), Types.INT() }))
    :key_by(function(record) return record.word end, Types.STRING())
    :reduce(function(a, b) return { a.word, a.n + b.n } end)

t_env:from_data_stream(counts):execute_insert("words"):wait()
