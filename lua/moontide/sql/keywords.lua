--- The words of SQL that can't be names unless they stand in backticks.
--
-- Only words that would make a statement ambiguous are reserved, far fewer than
-- Flink's: a column may be called `date`, `value` or `user`. What is accepted
-- here without backticks and refused there is accepted with them in both.
-- @module moontide.sql.keywords
local M = {}

local words = [[
ALL ALTER AND ANY ARRAY AS BETWEEN BY CASE CAST CONSTRAINT CREATE CROSS DELETE DESCRIBE
DISTINCT DROP ELSE END EXCEPT EXISTS EXPLAIN FALSE FETCH FOR FROM FULL GROUP HAVING IN INNER
INSERT INTERSECT INTERVAL INTO IS JOIN LATERAL LEFT LIKE LIMIT MATCH_RECOGNIZE MINUS MULTISET
NATURAL NOT NULL OFFSET ON OR ORDER OUTER OVER PARTITION PARTITIONED PRIMARY QUALIFY RIGHT ROW
SELECT SIMILAR TABLE TABLESAMPLE THEN TRUE UNION UNIQUE UNNEST UPDATE USING VALUES WHEN WHERE
WINDOW WITH
]]

--- Set of the reserved words, in upper case.
M.reserved = {}

for word in words:gmatch "%S+" do
    M.reserved[word] = true
end

return M
