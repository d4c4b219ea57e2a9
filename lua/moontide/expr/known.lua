--- What is known of expressions before anything is computed.
--
-- Facts are noted by node, since trees share nodes:
--
--     id        a number, equal for equal expressions
--     constant  no column and nothing volatile in it
--     touchy    may fail, or calls a user's function
--     looped    part of a loop: see `moontide.expr.loops`
--     volatile  another answer each time, so only equal to itself
-- @module moontide.expr.known
local loops = require "moontide.expr.loops"

local Known = {}
Known.__index = Known

--- The library's entry of a call. A cast has one too, whether the library has
-- or not.
-- @tparam table node
-- @treturn table
function Known:entry(node)
    local entry = self.library.find(node.fn)
    if not entry and node.fn ~= "CAST" and node.fn ~= "TRY_CAST" then
        require("moontide.error").unsupported(node.fn)
    end
    return entry or { kernel = node.fn, fails = node.fn == "CAST" }
end

--- The text of a type. Making it is most of what compiling costs, and types are
-- few.
function Known:type_text(t)
    local shown = self.type_texts[t]
    if not shown then
        shown = tostring(t)
        self.type_texts[t] = shown
    end
    return shown
end

-- Whether a type may be NULL makes no difference to a value.
local function type_key(self, t)
    return (self:type_text(t):gsub(" NOT NULL$", ""))
end

local function next_id(self)
    self.last_id = self.last_id + 1
    return self.last_id
end

local function note_call(self, node, facts)
    local entry = self:entry(node)
    facts.looped = loops.takes(node, entry)
    facts.volatile = entry.volatile
    facts.touchy = entry.fails and not facts.looped
    return ("%s %s %s"):format(node.fn, node.option or "", type_key(self, node.type))
end

local function note_udf(self, node, facts)
    local udf = node.udf
    facts.volatile = udf.deterministic == false
    facts.touchy = true
    self.udf_ids[udf] = self.udf_ids[udf] or next_id(self)
    return "udf " .. self.udf_ids[udf]
end

local LEAF = {
    input = function(_, node)
        return "input " .. node.index, false
    end,
    literal = function(self, node)
        return ("literal %s %s%s"):format(type_key(self, node.type), type(node.value),
            tostring(node.value)), true
    end,
}

-- The key of a call, which the facts about it and its arguments are noted with.
local function note(self, node, facts)
    local key = (node.kind == "udf" and note_udf or note_call)(self, node, facts)
    local ids = {}
    facts.constant = not facts.volatile
    for i, arg in ipairs(node.args) do
        local of = self:facts(arg)
        ids[i] = of.id
        facts.constant = facts.constant and of.constant
        facts.touchy = facts.touchy or of.touchy
    end
    return key .. " " .. table.concat(ids, ",")
end

--- The facts about a node.
-- @tparam table node
-- @treturn table
function Known:facts(node)
    local facts = self.nodes[node]
    if facts then
        return facts
    end
    facts = {}
    local key
    if LEAF[node.kind] then
        key, facts.constant = LEAF[node.kind](self, node)
    else
        key = note(self, node, facts)
    end
    facts.id = not facts.volatile and self.ids[key] or next_id(self)
    self.ids[key] = facts.id
    self.nodes[node] = facts
    return facts
end

--- Notes that a value is asked for, in `uses`, by id. One that is asked for twice
-- gets a column of its own, and isn't computed again in every loop that reads it.
-- @tparam table node
function Known:count(node)
    local id = self:facts(node).id
    self.uses[id] = (self.uses[id] or 0) + 1
    if self.uses[id] == 1 and node.args then
        for _, arg in ipairs(node.args) do
            self:count(arg)
        end
    end
end

return {
    --- @tparam[opt] table library default: `moontide.expr.library`
    new = function(library)
        return setmetatable({
            library = library or require "moontide.expr.library",
            nodes = {}, ids = {}, udf_ids = {}, uses = {}, type_texts = {}, last_id = 0,
        }, Known)
    end,
}
