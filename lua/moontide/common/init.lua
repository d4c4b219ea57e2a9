--- Names that both APIs use: types, rows, values, configuration, schemas.
-- `require "moontide.common"` mirrors `pyflink.common`.
-- @module moontide.common
local exports = require "moontide.exports"

return exports.package("moontide.common", exports.common)
