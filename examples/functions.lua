--- Lua functions in queries: the same `udf` and `udtf` called by the Table API, and
-- by name from SQL.
--
-- Prints:
--     Row(title='Dune', stars='*****')
--     Row(title='Emma', stars='***')
--     Row(title='Dune', word='sand', place=1)
--     Row(title='Dune', word='worm', place=2)
--     Row(title='Emma', word='ball', place=1)
local moontide = require "moontide"
local DataTypes, col = moontide.DataTypes, moontide.col

local env = moontide.StreamExecutionEnvironment.get_execution_environment()
env:set_parallelism(1)
local t_env = moontide.StreamTableEnvironment.create(env)

-- One value a row.
local stars = moontide.udf(function(count)
    return ("*"):rep(count)
end, { input_types = { DataTypes.BIGINT() }, result_type = DataTypes.STRING() })

-- Any number of rows a row: an object, whose `open` is called once a subtask.
local words = moontide.udtf(moontide.TableFunction {
    open = function(self)
        self.pattern = "%a+"
    end,
    eval = function(self, text, collect)
        local place = 0
        for word in text:gmatch(self.pattern) do
            place = place + 1
            collect(word, place)
        end
    end,
}, { result_types = { DataTypes.STRING(), DataTypes.INT() } })

local books = t_env:from_elements({ { "Dune", 5, "sand, worm" }, { "Emma", 3, "ball" } },
    { "title", "rating", "about" })

for row in books:select(col "title", stars(col "rating"):alias("stars")):execute():collect() do
    print(row)
end

t_env:create_temporary_view("books", books)
t_env:create_temporary_function("words", words)
local result = t_env:execute_sql [[
    SELECT title, word, place FROM books, LATERAL TABLE(words(about)) AS w (word, place)]]
for row in result:collect() do
    print(row)
end
