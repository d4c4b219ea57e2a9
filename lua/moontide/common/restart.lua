--- RestartStrategies: what happens after a failure.
--
-- A job that fails ends with its error; the next start reads again what was not
-- committed. Strategies that restart by themselves come later.
-- @module moontide.common.restart
local errors = require "moontide.error"

local Strategy = { __name = "RestartStrategyConfiguration" }
Strategy.__index = Strategy

function Strategy:get_description()
    return self.description
end

Strategy.__tostring = Strategy.get_description

local NO_RESTART = setmetatable({
    description = "Restart deactivated.",
}, Strategy)

local RestartStrategies = {}

--- The job ends with the error.
function RestartStrategies.no_restart()
    return NO_RESTART
end

--- The cluster's own strategy; here, no restart.
function RestartStrategies.fall_back_restart()
    return NO_RESTART
end

--- Not supported yet.
function RestartStrategies.fixed_delay_restart()
    return errors.unsupported "RestartStrategies.fixed_delay_restart"
end

--- Not supported yet.
function RestartStrategies.failure_rate_restart()
    return errors.unsupported "RestartStrategies.failure_rate_restart"
end

local M = { RestartStrategies = RestartStrategies }

--- Is the value a strategy? See `moontide.args`.
function M.is_strategy(value)
    if type(value) == "table" and getmetatable(value) == Strategy then
        return value
    end
    return nil, "RestartStrategyConfiguration expected, got "
        .. require("moontide.args").type_name(value)
end

return M
