--- JSON in a column of text: paths take values out of it, functions make more of it,
-- and what is no JSON is left out.
--
-- Prints:
--     Row(id=1, first='sea', tags='["sea","sky"]', document='{"id":1,"tagged":true}')
--     Row(id=2, first='none', tags=nil, document='{"id":2,"tagged":false}')
local moontide = require "moontide"

local env = moontide.StreamExecutionEnvironment.get_execution_environment()
env:set_parallelism(1)
local t_env = moontide.StreamTableEnvironment.create(env)

t_env:create_temporary_view("messages", t_env:from_elements(
    { [[{"id": 1, "tags": ["sea", "sky"]}]], [[{"id": 2}]], "no JSON" }, { "body" }))

local result = t_env:execute_sql [[
    SELECT JSON_VALUE(body, '$.id' RETURNING INT) AS id,
        JSON_VALUE(body, 'lax $.tags[0]' DEFAULT 'none' ON EMPTY) AS first,
        JSON_QUERY(body, '$.tags') AS tags,
        JSON_OBJECT('id' VALUE JSON_VALUE(body, '$.id' RETURNING INT),
            'tagged' VALUE JSON_EXISTS(body, '$.tags')) AS document
    FROM messages
    WHERE body IS JSON OBJECT
]]
for row in result:collect() do
    print(row)
end
