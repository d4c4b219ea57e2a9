--- Cuts the text of SQL into tokens.
--
-- LPeg matches one token a call, from where the last one ended, so that time is
-- linear in the text whatever is in it and no pattern can run out of LPeg's
-- backtracking stack. The tokens of a text are parallel sequences, which cost
-- less than a table a token:
--
--     kind[i]    "word" | "quoted" | "string" | "integer" | "decimal" | "double"
--                | "binary" | "symbol" | "end"
--     value[i]   the word as written; the content of quotes, unescaped; the
--                digits of a number; the symbol; the hex digits of x'0A'
--     key[i]     what grammars compare: a word in upper case, a symbol; else false
--     start[i], stop[i]   first and last byte
--
-- The last token is always of kind "end". Hints give the symbols "/*+" and "*/".
-- @module moontide.sql.lexer
local lpeg = require "lpeg"
local problem = require "moontide.sql.problem"

local P, R, S, C, Cc, Cp = lpeg.P, lpeg.R, lpeg.S, lpeg.C, lpeg.Cc, lpeg.Cp

local M = {}

-- Bytes above 127 are parts of UTF-8 letters; SQL needs to know no more of them.
local letter = R("az", "AZ", "\128\255") + "_"
local digit = R "09"
local word_rest = (letter + digit + "$") ^ 0

local line_comment = P "--" * (1 - S "\r\n") ^ 0
local block_comment = P "/*" * -P "+" * (1 - P "*/") ^ 0 * "*/"
local blank = (S " \t\r\n\f\v" + "\194\160" + "\239\187\191" + line_comment + block_comment) ^ 0

--- What stands between two marks, where a doubled mark is the mark itself.
local function quoted(mark)
    return mark * C((1 - P(mark)) ^ 0 * (P(mark .. mark) * (1 - P(mark)) ^ 0) ^ 0) * mark
end

local integer = digit ^ 1
local fraction = digit ^ 1 * "." * digit ^ 0 + "." * digit ^ 1
local exponent = S "eE" * S "+-" ^ -1 * digit ^ 1
local uescape = S "uU" * S "eE" * S "sS" * S "cC" * S "aA" * S "pP" * S "eE"

-- Longer symbols come first: the choice is ordered.
local symbol = P "/*+" + "<=>" + "<>" + "<=" + ">=" + "!=" + "||" + "=>"
    + S "(),.;:[]{}=<>+-*/%?^&|~!@#$"

-- Captures: place, kind, content, more content or false, place after it.
local none = Cc(false)
local endless = P "/*" * -P "+" * Cc "comment" + "'" * Cc "string" + "`" * Cc "identifier"
local token = blank * Cp() * (
    Cc "charset" * C("_" * (R("az", "AZ", "09") + S "_-") ^ 1) * quoted "'"
    + Cc "unicode" * S "uU" * "&" * quoted "'" * (blank * uescape * blank * quoted "'" + none)
    + Cc "binary" * S "xX" * quoted "'" * none
    + Cc "word" * C(letter * word_rest) * none
    + Cc "quoted" * quoted "`" * none
    + Cc "string" * quoted "'" * none
    + Cc "double" * C((fraction + integer) * exponent) * none
    + Cc "decimal" * C(fraction) * none
    + Cc "integer" * C(integer) * none
    + Cc "broken" * endless * none
    + Cc "symbol" * C(symbol) * none
    + Cc "end" * Cc "" * none * -P(1)
    + Cc "unknown" * C(1) * none
) * Cp()

-- The end of a hint is a symbol only while one is open: elsewhere "*/" may be
-- a product's sign before a comment.
local hint_end = blank * Cp() * Cc "symbol" * C "*/" * Cp()

local function utf8(code)
    if code < 0x80 then
        return string.char(code)
    elseif code < 0x800 then
        return string.char(0xC0 + math.floor(code / 0x40), 0x80 + code % 0x40)
    elseif code < 0x10000 then
        return string.char(0xE0 + math.floor(code / 0x1000),
            0x80 + math.floor(code / 0x40) % 0x40, 0x80 + code % 0x40)
    end
    return string.char(0xF0 + math.floor(code / 0x40000), 0x80 + math.floor(code / 0x1000) % 0x40,
        0x80 + math.floor(code / 0x40) % 0x40, 0x80 + code % 0x40)
end

--- The text of U&'...': \XXXX and \+XXXXXX are code points, a doubled escape
-- character is itself.
local function unescape_unicode(text, at, body, escape)
    local parts, i = {}, 1
    while true do
        local j = body:find(escape, i, true)
        parts[#parts + 1] = body:sub(i, (j or 0) - 1)
        if not j then
            return table.concat(parts)
        end
        local hex = body:match("^%x%x%x%x", j + 1)
        local long = body:match("^%+(%x%x%x%x%x%x)", j + 1)
        local code = tonumber(long or hex or "", 16)
        if body:sub(j + 1, j + 1) == escape then
            parts[#parts + 1], i = escape, j + 2
        elseif code and code <= 0x10FFFF and not (code >= 0xD800 and code <= 0xDFFF) then
            parts[#parts + 1], i = utf8(code), j + (long and 8 or 5)
        else
            problem.raise(text, at, ("'%s' in a U& string needs four hex digits, or + and six,"
                .. " of a character's number"):format(escape))
        end
    end
end

local function read_unicode(text, at, body, escape)
    escape = escape and escape:gsub("''", "'") or "\\"
    if #escape ~= 1 or escape:find "[%x%s+'\"]" then
        problem.raise(text, at,
            "UESCAPE takes one character that is no hex digit, blank, quote or '+'")
    end
    return unescape_unicode(text, at, body:gsub("''", "'"), escape)
end

local charsets = { _utf8 = true, ["_utf-8"] = true, _utf16 = true, ["_utf-16"] = true,
    _ascii = true, ["_us-ascii"] = true, _latin1 = true, ["_iso-8859-1"] = true }

-- Kinds whose content needs work before it is a token's value, and the kind
-- that they become.
local readers = {
    quoted = function(text, at, body)
        if body == "" then
            problem.raise(text, at, "an identifier in backticks needs at least one character")
        end
        return "quoted", (body:gsub("``", "`"))
    end,
    string = function(_, _, body)
        return "string", (body:gsub("''", "'"))
    end,
    charset = function(text, at, name, body)
        if not charsets[name:lower()] then
            problem.raise(text, at, ("unknown character set '%s'"):format(name:sub(2)))
        end
        return "string", (body:gsub("''", "'"))
    end,
    unicode = function(text, at, body, escape)
        return "string", read_unicode(text, at, body, escape)
    end,
    binary = function(text, at, body)
        if body:find "[^%x]" or #body % 2 == 1 then
            problem.raise(text, at, "x'...' takes an even number of hex digits")
        end
        return "binary", body:lower()
    end,
    broken = function(text, at, what)
        problem.raise(text, at, ("this %s has no end"):format(what))
    end,
    unknown = function(text, at, byte)
        problem.raise(text, at, byte:find "%g" and ("unexpected character '%s'"):format(byte)
            or ("unexpected byte 0x%02X"):format(byte:byte()))
    end,
}

--- Cuts `text` into tokens.
-- @tparam string text one or more statements
-- @treturn table the sequences described above, with `text` and `n`, how many
-- tokens there are
-- @raise an error with line and caret for what can be no token
function M.tokens(text)
    local kind, value, key, start, stop = {}, {}, {}, {}, {}
    local n, from, in_hint = 0, 1, false
    repeat
        local at, k, v, more, after
        if in_hint then
            at, k, v, after = hint_end:match(text, from)
            in_hint = not at
        end
        if not k then
            at, k, v, more, after = token:match(text, from)
            if readers[k] then
                k, v = readers[k](text, at, v, more)
            end
            in_hint = in_hint or v == "/*+" and k == "symbol"
        end
        n = n + 1
        kind[n], value[n], start[n], stop[n] = k, v, at, after - 1
        key[n] = k == "word" and v:upper() or k == "symbol" and v
        from = after
    until k == "end"
    return { text = text, n = n, kind = kind, value = value, key = key, start = start, stop = stop }
end

return M
