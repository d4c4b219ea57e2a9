--- The DataStream API: environments, streams, functions, connectors.
-- `require "moontide.datastream"` mirrors `pyflink.datastream`.
-- @module moontide.datastream
local exports = require "moontide.exports"

return exports.package("moontide.datastream", exports.datastream)
