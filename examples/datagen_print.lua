--- Only SQL: a generated table into a printed one.
--
-- Prints:
--     order> +I[1, 1]
--     order> +I[2, 1]
--     order> +I[3, 1]
local moontide = require "moontide"

local settings = moontide.EnvironmentSettings.new_instance():in_streaming_mode():build()
local t_env = moontide.TableEnvironment.create(settings)
t_env:get_config():get_configuration():set_string("parallelism.default", "1")

t_env:execute_sql [[
    CREATE TABLE orders (id BIGINT, amount INT) WITH (
        'connector' = 'datagen',
        'fields.id.kind' = 'sequence',
        'fields.id.start' = '1',
        'fields.id.end' = '3',
        'fields.amount.min' = '1',
        'fields.amount.max' = '1')
]]
t_env:execute_sql [[
    CREATE TABLE shown (id BIGINT, amount INT) WITH (
        'connector' = 'print',
        'print-identifier' = 'order')
]]

t_env:execute_sql("INSERT INTO shown SELECT id, amount FROM orders"):wait()
