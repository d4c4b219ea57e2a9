--- Tables as text, the way Flink's clients print results.
--
--     +----+-------------+
--     | op |           a |
--     +----+-------------+
--     | +I |           1 |
--     +----+-------------+
--     1 row in set
-- @module moontide.table.tableau
local M = {}

--- Columns are at most so wide unless `table.display.max-column-width` says else.
M.WIDTH_MAX = 30

-- ---- how wide text is -----------------------------------------------------------------

-- Code points that terminals show two columns wide: first and last.
local WIDE = {
    { 0x1100, 0x115F }, { 0x2E80, 0x303E }, { 0x3041, 0x33FF }, { 0x3400, 0x4DBF },
        { 0x4E00, 0x9FFF },
    { 0xA000, 0xA4CF }, { 0xAC00, 0xD7A3 }, { 0xF900, 0xFAFF }, { 0xFE30, 0xFE6F },
        { 0xFF00, 0xFF60 },
    { 0xFFE0, 0xFFE6 }, { 0x1F300, 0x1F64F }, { 0x1F900, 0x1F9FF }, { 0x20000, 0x3FFFD },
}

local function code_point(character)
    local first = character:byte()
    if first < 0x80 then
        return first
    end
    local code = first >= 0xF0 and first - 0xF0 or first >= 0xE0 and first - 0xE0 or first - 0xC0
    for i = 2, #character do
        code = code * 64 + character:byte(i) - 0x80
    end
    return code
end

local function character_width(character)
    local code = code_point(character)
    for _, range in ipairs(WIDE) do
        if code >= range[1] and code <= range[2] then
            return 2
        end
    end
    return 1
end

--- Columns that a text takes on a terminal.
function M.width(text)
    if not text:find "[\128-\255]" then
        return #text
    end
    local width = 0
    for character in text:gmatch "[%z\1-\127\192-\255][\128-\191]*" do
        width = width + character_width(character)
    end
    return width
end

--- The text, or as much of it as leaves room for "..." in `width` columns.
local function cut(text, width)
    if M.width(text) <= width then
        return text
    end
    local kept, used = {}, 0
    for character in text:gmatch "[%z\1-\127\192-\255][\128-\191]*" do
        used = used + character_width(character)
        if used > width - 3 then
            break
        end
        kept[#kept + 1] = character
    end
    return table.concat(kept) .. "..."
end

-- ---- layout -------------------------------------------------------------------------------

local function fraction_width(base, precision)
    return precision == 0 and base or base + (precision <= 3 and 4 or precision <= 6 and 7 or 10)
end

local TYPE_WIDTH = {
    TINYINT = 4, SMALLINT = 6, INT = 11, BIGINT = 20, BOOLEAN = 5, DATE = 10,
    DECIMAL = function(t)
        return t.precision + 2
    end,
    TIME = function(t)
        return t.precision == 0 and 8 or t.precision + 9
    end,
    TIMESTAMP = function(t)
        return fraction_width(19, t.precision)
    end,
    TIMESTAMP_LTZ = function(t)
        return fraction_width(19, t.precision)
    end,
}

--- Columns for a value of a logical type, NULL included.
function M.type_width(t, width_max)
    local width = TYPE_WIDTH[t.kind] or width_max
    if type(width) == "function" then
        width = width(t)
    end
    return math.max(width, #"<NULL>")
end

--- The widths of a SELECT's columns: by type, at least the name's.
-- @tparam table columns sequence of { name, type }
function M.widths_by_type(columns, width_max)
    local widths = {}
    for i, column in ipairs(columns) do
        widths[i] = math.max(M.width(column.name), column.width
            or M.type_width(column.type, width_max or M.WIDTH_MAX))
    end
    return widths
end

--- The widths that hold names and cells, capped.
-- @tparam table names
-- @tparam table rows sequences of text
function M.widths_by_content(names, rows, width_max)
    local widths = {}
    for i, name in ipairs(names) do
        local width = M.width(name)
        for _, cells in ipairs(rows) do
            width = math.max(width, math.min(M.width(cells[i]), width_max or M.WIDTH_MAX))
        end
        widths[i] = width
    end
    return widths
end

--- A border line.
function M.border(widths)
    local parts = {}
    for i, width in ipairs(widths) do
        parts[i] = ("-"):rep(width + 2)
    end
    return "+" .. table.concat(parts, "+") .. "+"
end

--- A line of cells, right-aligned.
function M.line(widths, cells)
    local parts = {}
    for i, width in ipairs(widths) do
        local text = cut(cells[i], width)
        parts[i] = " " .. (" "):rep(width - M.width(text)) .. text .. " "
    end
    return "|" .. table.concat(parts, "|") .. "|"
end

--- "1 row in set", "N rows in set" or "Empty set".
function M.footer(count)
    return count == 0 and "Empty set" or count == 1 and "1 row in set"
        or ("%d rows in set"):format(count)
end

--- Writes rows as they come, between header and footer.
-- @tparam table names of the columns
-- @tparam table widths
-- @tparam function next_cells gives the next row's cells, nil after the last
-- @tparam function emit takes each line, without its end
function M.print(names, widths, next_cells, emit)
    local count = 0
    for cells in next_cells do
        if count == 0 then
            emit(M.border(widths))
            emit(M.line(widths, names))
            emit(M.border(widths))
        end
        count = count + 1
        emit(M.line(widths, cells))
    end
    if count > 0 then
        emit(M.border(widths))
    end
    emit(M.footer(count))
end

return M
