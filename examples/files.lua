--- Files of lines: a source reads the lines of a text, a sink writes others, and
-- a table reads those as CSV.
--
-- Prints:
--     Row(n=1, words='to be', letters=5)
--     Row(n=2, words='or not', letters=6)
--     Row(n=3, words='to be', letters=5)
local moontide = require "moontide"
local Types = moontide.Types

local folder = os.tmpname()
os.remove(folder)

local file = assert(io.open(folder .. ".txt", "w"))
file:write("1 to be\n2 or not\n3 to be\n")
file:close()

local env = moontide.StreamExecutionEnvironment.get_execution_environment()
env:set_parallelism(1)
local t_env = moontide.StreamTableEnvironment.create(env)

env:read_text_file(folder .. ".txt")
    :map(function(line)
        local number, words = line:match "^(%d+) (.*)$"
        return number .. "," .. words .. "," .. #words
    end, Types.STRING())
    :sink_to(moontide.FileSink.for_row_format(folder, moontide.Encoder.simple_string_encoder())
        :with_bucket_assigner(moontide.BucketAssigner.base_path_bucket_assigner())
        :with_output_file_config(moontide.OutputFileConfig.builder():with_part_suffix(".csv")
            :build())
        :build())
env:execute("lines")

t_env:execute_sql(([[ CREATE TABLE counted (n INT, words STRING, letters INT) WITH (
    'connector' = 'filesystem', 'path' = '%s', 'format' = 'csv') ]]):format(folder))
for row in t_env:execute_sql("SELECT * FROM counted"):collect() do
    print(row)
end
os.execute(("rm -r '%s' '%s.txt'"):format(folder, folder))
