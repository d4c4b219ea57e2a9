--- SlotSharingGroup and MemorySize: accepted and read back. All operators of a
-- job share one process, so groups change nothing.
-- @module moontide.common.resources
local args = require "moontide.args"
local class = require "moontide.class"

local M = {}

local KIBI = 1024
local UNITS = { bytes = 1, kibi = KIBI, mebi = KIBI ^ 2, gibi = KIBI ^ 3, tebi = KIBI ^ 4 }

local MemorySize = class.new "MemorySize"
M.MemorySize = MemorySize

--- A number of bytes.
-- @tparam number bytes
function MemorySize.__init(_, bytes)
    return setmetatable({ bytes = bytes }, MemorySize)
end

--- A number of mebibytes.
-- @usage MemorySize.of_mebi_bytes(64):get_bytes()
function MemorySize.of_mebi_bytes(n)
    return MemorySize(n * UNITS.mebi)
end

--- The size: `get_bytes get_kibi_bytes get_mebi_bytes get_gibi_bytes
-- get_tebi_bytes`, rounded down.
for name, unit in pairs(UNITS) do
    MemorySize["get_" .. (name == "bytes" and name or name .. "_bytes")] = function(self)
        return math.floor(self.bytes / unit)
    end
end

function MemorySize.__eq(a, b)
    return a.bytes == b.bytes
end

function MemorySize:__tostring()
    return ("%d bytes"):format(self.bytes)
end

local SlotSharingGroup = class.new "SlotSharingGroup"
M.SlotSharingGroup = SlotSharingGroup

local Builder = class.new "SlotSharingGroup.Builder"

--- Begins a group.
-- @tparam string name
-- @usage SlotSharingGroup.builder("heavy"):set_cpu_cores(2):build()
function SlotSharingGroup.builder(name)
    if type(name) ~= "string" then
        args.bad(1, "builder", "string expected, got " .. args.type_name(name))
    end
    return setmetatable({ name = name, values = {}, external = {} }, Builder)
end

--- The group's name.
function SlotSharingGroup:get_name()
    return self.name
end

local function resource(name)
    Builder["set_" .. name] = function(self, value)
        self.values[name] = value
        return self
    end
    SlotSharingGroup["get_" .. name] = function(self)
        return self.values[name]
    end
end

resource "cpu_cores"
for _, name in ipairs { "task_heap_memory", "task_off_heap_memory", "managed_memory" } do
    resource(name)
    Builder["set_" .. name .. "_mb"] = function(self, mebi)
        self.values[name] = MemorySize.of_mebi_bytes(mebi)
        return self
    end
end

--- Names an amount of something else, a GPU say.
function Builder:set_external_resource(name, value)
    self.external[name] = value
    return self
end

--- The amounts of other resources, by name.
function SlotSharingGroup:get_external_resources()
    return self.external
end

--- Makes the group.
function Builder:build()
    return setmetatable({
        name = self.name, values = self.values, external = self.external,
    }, SlotSharingGroup)
end

return M
