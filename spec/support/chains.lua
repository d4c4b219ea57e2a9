--- Runs chains of closures on batches without a job, for specs of the drivers.
local ffi = require "ffi"
local native = require "moontide.native"
local collect = require "moontide.script.collect"
local driver = require "moontide.script.driver"
local kinds = require "moontide.script.kinds"
local types = require "moontide.script.types"
local writers = require "moontide.script.writers"

local C = native.C

ffi.cdef [[
typedef struct mt_error mt_error;
mt_builder *mt_builder_new(const mt_type *type, int32_t rows_max, mt_error **err);
void mt_builder_free(mt_builder *b);
int mt_builder_commit(mt_builder *b, mt_error **err);
int mt_builder_seal(mt_builder *b, mt_batch **out, mt_error **err);
]]

local M = {}

local function new_builder(text, rows_max)
    local t = types.parse(text)
    local b = C.mt_builder_new(t, rows_max or 0, nil)
    assert(b ~= nil, "no builder")
    return ffi.gc(b, C.mt_builder_free), t
end

local function seal(builder)
    local out = ffi.new "mt_batch *[1]"
    assert(C.mt_builder_commit(builder, nil) == 0, "columns of different lengths")
    assert(C.mt_builder_seal(builder, out, nil) == 0, "no batch")
    return ffi.gc(out[0], C.mt_batch_unref)
end

--- A batch of that record type, of rows (sequences) or of plain values.
function M.batch(text, rows)
    local builder, t = new_builder(text)
    local is_row = t.kind == kinds.ROW
    for j = 1, is_row and t.fields_len or 1 do
        local writer = writers.new(is_row and t.fields[j - 1].type or t, "",
            builder.columns + (j - 1))
        writer.bind()
        for i, row in ipairs(rows) do
            if not writer.nested and i - 1 == builder.columns[j - 1].rows_max then
                writer.grow(i - 1)
            end
            local value = row
            if is_row then
                value = row[j]
            end
            writer.put(i - 1, value)
        end
        if not writer.nested then
            builder.columns[j - 1].rows = #rows
        end
    end
    return seal(builder)
end

--- A chain that is ready to run: `{ driver =, chain =, anchors =, spec = }`.
function M.new(spec, rows_max, plain)
    local chain = ffi.new "mt_ffi_chain"
    local needed = ffi.new "uint8_t[1024]"
    local selected = ffi.new "int32_t[65536]"
    chain.out = new_builder(spec.output, rows_max)
    chain.needed, chain.selected, chain.selected_max = needed, selected, 65536
    chain.parallelism = 1
    local self = { chain = chain, spec = spec, anchors = { chain.out, needed, selected } }
    self.out = new_builder(spec.output, rows_max)
    chain.out = self.out
    self.driver = driver.new(spec, chain)
    if plain or M.plain then
        self.driver.make_plain()
    end
    return self
end

--- Runs a chain over one batch; the records that come out.
function M.feed(self, batch, input)
    local row, records, chain = 0, {}, self.chain
    chain.input = input or 0
    while row < batch.rows do
        row = self.driver.run(batch, chain.input, row)
        if self.driver.selecting then -- rows pass by number
            local all = collect.rows(batch, self.spec.input)
            for i = 0, chain.selected_len - 1 do
                records[#records + 1] = all[chain.selected[i] + 1]
            end
        else
            for _, record in ipairs(collect.rows(seal(chain.out), self.spec.output)) do
                records[#records + 1] = record
            end
        end
    end
    return records
end

--- Makes a chain, feeds it one batch of `rows`, and returns what comes out.
function M.run(spec, rows)
    return M.feed(M.new(spec), M.batch(spec.input, rows))
end

return M
