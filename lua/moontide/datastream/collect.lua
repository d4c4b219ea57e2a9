--- Results of a job in the program that started it.
-- @module moontide.datastream.collect
local class = require "moontide.class"
local errors = require "moontide.error"
local job = require "moontide.job"
local null = require "moontide.null"

local SLICE_MS = 100

local Iterator = class.new "CloseableIterator"

-- A value that ends the job when the collector takes it: a loop that was left
-- by `break` must not keep a job waiting for a reader for ever.
local function guard(handle)
    local proxy = newproxy(true)
    getmetatable(proxy).__gc = function()
        handle:cancel()
    end
    return proxy
end

--- An iterator over what reaches a plan's "collect" node.
-- @tparam JobClient client
-- @tparam number node the node's number
-- @tparam[opt] number rows_max how many records there are at most: after them
-- the job is ended, which may read on for ever
function Iterator.__init(_, client, node, rows_max)
    return setmetatable({
        client = client, node = node, rows = {}, at = 0, len = 0, ended = false,
        left = rows_max or math.huge, dismissed = false,
        guard = guard(client.handle),
    }, Iterator)
end

-- Takes the next batch of rows; false when none came in time.
function Iterator:fetch(timeout_ms)
    local status, rows = self.client:take(self.node, timeout_ms)
    if status == "batch" then
        self.rows, self.at, self.len = rows, 0, rows.n or #rows
        return true
    elseif status == "end" then
        self.ended = true
        -- The job's own error, if it ended by one, is raised here.
        self.client:wait(timeout_ms)
    else
        self.client:check_ending()
    end
    return false
end

function Iterator:pop()
    self.at, self.left = self.at + 1, self.left - 1
    local value = self.rows[self.at]
    if value == nil then
        return null
    end
    return value
end

--- The next record, or nil after the last; waits for it. NULL is
-- `moontide.null`.
-- @usage local first = ds:execute_and_collect():next()
function Iterator:next()
    while self.at >= self.len do
        if self.ended then
            return nil
        elseif self.left <= 0 and not self.dismissed then
            -- A job whose sources end has this while to end by itself.
            self.dismissed = true
        elseif self.left <= 0 then
            self:close()
            return nil
        end
        job.refuse_in_nginx("CloseableIterator.next", "try_next")
        local ok, err = pcall(self.fetch, self, SLICE_MS)
        if not ok then
            if not errors.is(err) then
                self:close()
            end
            error(err, 0)
        end
    end
    return self:pop()
end

--- The next record if it is there already.
-- @return the record, or nil
-- @treturn boolean true when no more will come
function Iterator:try_next()
    while self.at >= self.len do
        if self.ended or not self:fetch(0) then
            if self.left <= 0 and not self.ended then
                self.ended = true
                self.client:cancel()
            end
            return nil, self.ended
        end
    end
    return self:pop(), false
end

--- Ends the job, if it still runs.
function Iterator:close()
    if not self.ended then
        self.ended = true
        self.at, self.len = 0, 0
        self.client:cancel():result()
    end
end

--- The job that makes the records.
-- @treturn JobClient
function Iterator:get_job_client()
    return self.client
end

-- `for record in ds:execute_and_collect() do`
function Iterator:__call()
    return self:next()
end

return Iterator
