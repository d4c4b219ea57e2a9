--- Jobs that run: JobClient, JobExecutionResult, JobStatus.
--
-- A client answers at once, except where it says "waits". Waiting looks at the
-- job every 100 ms and is in Lua in between, so that an interrupt is seen also
-- under plain luajit: the job is then drained (sources stop, what is under way
-- reaches the sinks, offsets are committed) before the interrupt goes on.
--
-- A closure that never returns can't be interrupted. When it keeps a job that was
-- cancelled or has failed from ending for longer than `task.cancellation.timeout`
-- (5 s unless set, 0: for ever), waiting raises an error that names the operator.
-- @module moontide.job
local Duration = require "moontide.common.duration"
local args = require "moontide.args"
local class = require "moontide.class"
local enum = require "moontide.enum"
local errors = require "moontide.error"

local M = {}

local SLICE_MS = 100
-- How long an interrupted job may drain.
local DRAIN_MS = 1500

M.JobStatus = enum.new("JobStatus", {
    "INITIALIZING", "CREATED", "RUNNING", "FAILING", "FAILED", "CANCELLING", "CANCELED",
    "FINISHED", "RESTARTING", "SUSPENDED", "RECONCILING",
})

--- Raises where waiting would block an nginx worker.
-- @tparam string what the function that waits
-- @tparam string instead the one that doesn't
function M.refuse_in_nginx(what, instead)
    local ngx = rawget(_G, "ngx")
    if ngx and ngx.worker then
        errors.raise("MISUSE", "%s would block the nginx worker: use %s", what, instead)
    end
end

-- ---- futures --------------------------------------------------------------------

-- PyFlink's clients answer with futures; here most know their value already.
local Future = class.new "CompletableFuture"

local function future(get, done)
    return setmetatable({ get = get, is_done = done }, Future)
end

local function value_of(value)
    return future(function() return value end, function() return true end)
end

--- The value; waits for it.
function Future:result()
    return self.get()
end

--- Is the value there already?
function Future:done()
    return self.is_done()
end

function Future:__tostring()
    return self.is_done() and tostring(self.get()) or "CompletableFuture"
end

-- ---- results ----------------------------------------------------------------------

local JobExecutionResult = class.new "JobExecutionResult"
M.JobExecutionResult = JobExecutionResult

--- The job's id, 32 hex digits.
function JobExecutionResult:get_job_id()
    return self.id
end

--- How long it ran, in milliseconds.
function JobExecutionResult:get_net_runtime()
    return self.runtime_ms
end

--- An accumulator's result; there are none, so nil.
function JobExecutionResult:get_accumulator_result(name)
    if type(name) ~= "string" then
        args.bad(1, "get_accumulator_result", "string expected, got " .. args.type_name(name))
    end
    return nil
end

--- All accumulators' results: an empty table.
function JobExecutionResult:get_all_accumulator_results()
    return {}
end

--- True: it is the result of a job that has run.
function JobExecutionResult:is_job_execution_result()
    return true
end

function JobExecutionResult:__tostring()
    return ("Job %s finished after %d ms."):format(self.id, self.runtime_ms)
end

-- ---- errors -----------------------------------------------------------------------

-- Adds what the client knows: whose error it is, and the script's line.
local function complete(err, name)
    if errors.is(err) then
        if err.code == "SCRIPT" then
            err.where = err.where or err.message:match "^([^:\n]+:%d+): "
        end
        err.job = err.job or name
    end
    return err
end

local function answer(name, ok, ...)
    if not ok then
        error(complete(..., name), 0)
    end
    return ...
end

-- ---- clients ----------------------------------------------------------------------

local JobClient = class.new "JobClient"
M.JobClient = JobClient

--- Starts a plan.
-- @tparam table plan as `moontide.graph` makes it
-- @treturn JobClient
function M.start(plan)
    local timeout = plan.settings and plan.settings["task.cancellation.timeout"]
    local patience_ms = timeout and Duration.parse_millis(timeout)
    local handle = answer(plan.name, pcall(require("moontide.core").job_start, plan))
    if patience_ms then
        handle:patience(patience_ms > 0 and patience_ms or 2 ^ 53)
    end
    return setmetatable({ handle = handle }, JobClient)
end

--- The jobs that this state has started and not seen end.
-- @treturn {JobClient,...}
function M.unfinished()
    local list = {}
    for i, handle in ipairs(require("moontide.core").jobs()) do
        list[i] = setmetatable({ handle = handle }, JobClient)
    end
    return list
end

local ENDED = { FINISHED = true, CANCELED = true, FAILED = true }

--- The job's id, 32 hex digits.
function JobClient:get_job_id()
    return self.handle:id()
end

--- The job's name.
function JobClient:get_job_name()
    return self.handle:name()
end

--- The job's state as a text: one of `JobStatus`.
-- @usage if client:status() == "RUNNING" then ... end
function JobClient:status()
    return self.handle:state():upper()
end

--- The job's state, as PyFlink gives it: `client:get_job_status():result()`.
-- @return a future
function JobClient:get_job_status()
    return future(function() return self:status() end, function() return true end)
end

-- Waits in slices; where the caller says nothing of a thread that must be left
-- behind (`quiet`), the engine does at the end.
local function wait_slices(self, timeout_ms, quiet)
    local handle = self.handle
    local waited = 0
    while true do
        local slice = SLICE_MS
        if timeout_ms then
            slice = math.max(0, math.min(SLICE_MS, timeout_ms - waited))
        end
        local state = handle:wait(slice)
        waited = waited + slice
        if state ~= "running" or (timeout_ms and waited >= timeout_ms) then
            return state
        elseif not quiet then
            self:check_ending()
        end
    end
end

--- Ends the job without committing.
-- @return a future, done when the job has ended
function JobClient:cancel()
    self.handle:cancel()
    return future(function()
        pcall(function()
            M.refuse_in_nginx("JobClient.cancel():result", "JobClient.status")
            wait_slices(self, self.handle:patience(), true)
        end)
        return self:status()
    end, function()
        return ENDED[self:status()] ~= nil
    end)
end

--- Ends the sources and drains: what is under way reaches the sinks, which
-- commit. Answers at once.
function JobClient:stop()
    self.handle:stop()
end

--- Raises when a closure keeps the job from ending; see above.
function JobClient:check_ending()
    local handle = self.handle
    if handle:ending_ms() <= handle:patience() then
        return
    end
    local name = handle:straggler()
    handle:left_behind() -- this error says it, so that the engine need not
    local _, failure = pcall(handle.failure, handle)
    error(errors.new {
        code = "TIMEOUT", operator = name, cause = failure,
        message = ("'%s' does not return from a call of the script, %d ms after the job %s; " ..
            "it can't be interrupted, so its thread is left behind"):format(name,
            handle:ending_ms(), failure and "failed" or "was cancelled"),
    }, 0)
end

-- After an interrupt: lets the job drain, then cancels what did not.
local function drain(self)
    self.handle:stop()
    local ok, state = pcall(wait_slices, self, DRAIN_MS, true)
    if ok and state == "running" then
        self.handle:cancel()
        pcall(wait_slices, self, self.handle:patience(), true)
    end
end

--- Waits until the job has ended. Raises the job's error when it failed.
-- @tparam[opt] number timeout_ms at most so long; 0 only looks
-- @treturn string "finished", "canceled", or "running" when the time is up
-- @usage client:wait()
function JobClient:wait(timeout_ms)
    if timeout_ms ~= 0 then
        M.refuse_in_nginx("JobClient.wait", "JobClient.status")
    end
    local ok, state = pcall(wait_slices, self, timeout_ms)
    if not ok then
        if not errors.is(state) then
            drain(self)
        end
        error(complete(state, self:get_job_name()), 0)
    end
    return state
end

--- Takes the next records that reached a plan's "collect" node.
-- @tparam number node the node's number
-- @tparam number timeout_ms at most so long
-- @treturn string "batch", "none" or "end"
-- @treturn ?table the records of a batch
function JobClient:take(node, timeout_ms)
    return answer(self:get_job_name(), pcall(self.handle.take, self.handle, node, timeout_ms))
end

--- The result of the job; waits for its end.
-- @treturn JobExecutionResult
function JobClient:execution_result()
    local state = self:wait()
    if state == "canceled" then
        errors.raise("CANCELLED", "job '%s' was cancelled", self:get_job_name())
    end
    return setmetatable({
        id = self:get_job_id(), runtime_ms = self.handle:runtime_ms(),
    }, JobExecutionResult)
end

--- The result of the job, as PyFlink gives it.
-- @return a future
function JobClient:get_job_execution_result()
    return future(function()
        return self:execution_result()
    end, function()
        return ENDED[self:status()] ~= nil
    end)
end

--- Accumulators: there are none.
-- @return a future of an empty table
function JobClient:get_accumulators()
    return value_of {}
end

--- What the job counts: a sequence of `{ operator =, subtask =, name =, value = }`.
-- @usage for _, m in ipairs(client:metrics()) do print(m.operator, m.name, m.value) end
function JobClient:metrics()
    return self.handle:metrics()
end

-- Looks at each job for a moment; those that have ended are taken out.
local function look(clients, report)
    for i = #clients, 1, -1 do
        local client = clients[i]
        local ok, state = pcall(function()
            client:check_ending()
            return client.handle:wait(SLICE_MS / #clients)
        end)
        if not ok and not errors.is(state) then
            error(state, 0)
        elseif not ok then
            report(complete(state, client:get_job_name()))
        end
        if not ok or state ~= "running" then
            table.remove(clients, i)
        end
    end
end

--- Waits for all jobs that this state has started, as the command does at the
-- end of a script. One that fails doesn't end the others; after an interrupt all
-- of them drain.
-- @tparam function report called with the error of each job that fails
function M.wait_for_all(report)
    local clients = M.unfinished()
    local ok, problem = pcall(function()
        while #clients > 0 do
            look(clients, report)
        end
    end)
    if not ok then
        for _, client in ipairs(clients) do
            client:stop()
        end
        for _, client in ipairs(clients) do
            drain(client)
        end
        error(problem, 0)
    end
end

class.later(JobClient, { "stop_with_savepoint", "trigger_savepoint" })

function JobClient:__tostring()
    return ("JobClient(%s, %s)"):format(self:get_job_name(), self:status())
end

return M
