--- Texts. UPPER and its kin may fail: ICU may be missing.
-- @module moontide.expr.library.string
local logical = require "moontide.logical"
local type_text = require "moontide.table.type_text"
local typing = require "moontide.expr.typing"

local shown = type_text.without_null

--- ||: texts or bytes, of any length.
local function infer_concat(args)
    local bytes, nulls, targets = false, false, {}
    for i, arg in ipairs(args) do
        local t = arg.type
        if not typing.CHARACTERS[t.kind] and not typing.BYTES[t.kind] and t.kind ~= "NULL" then
            return nil, ("|| joins texts, not %s: write CAST(... AS STRING)"):format(shown(t))
        elseif i > 1 and t.kind ~= "NULL" and bytes ~= (typing.BYTES[t.kind] or false) then
            return nil, "|| joins texts or bytes, not one with the other"
        end
        bytes = typing.BYTES[t.kind] or false
        nulls = nulls or t.nulls
    end
    local result = logical.scalar(bytes and "VARBINARY" or "VARCHAR", nil, nil, nulls)
    for i, arg in ipairs(args) do
        targets[i] = arg.type.kind == "NULL" and result or arg.type
    end
    return result, targets
end

return {
    { name = "||", signatures = { "a || b" }, infer = infer_concat,
        help = "`a` and `b`, one behind the other.",
        example = { "'tide' || 'mark'", "tidemark" } },
    { name = "CONCAT", kernel = "||", signatures = { "CONCAT(STRING a, STRING b...) STRING" },
        help = "all arguments, one behind the other. NULL when one is NULL.",
        example = { "CONCAT('AA', 'BB', 'CC')", "AABBCC" } },
    { name = "CONCAT_WS", strict = false,
        signatures = { "CONCAT_WS(STRING separator, STRING a...) STRING?" },
        help = "the arguments that are not NULL with a separator between them. NULL when the "
            .. "separator is.",
        example = { "CONCAT_WS('~', 'AA', NULL, 'BB', '', 'CC')", "AA~BB~~CC" } },
    { name = "CHAR_LENGTH", aliases = { "CHARACTER_LENGTH" },
        signatures = { "CHAR_LENGTH(STRING s) INT" },
        help = "how many characters (code points) `s` has.",
        example = { "CHAR_LENGTH('naïve')", "5" } },
    { name = "OCTET_LENGTH",
        signatures = { "OCTET_LENGTH(STRING s) INT", "OCTET_LENGTH(BYTES s) INT" },
        help = "how many bytes `s` has.",
        example = { "OCTET_LENGTH('naïve')", "6" } },
    { name = "UPPER", fails = true, signatures = { "UPPER(STRING s) STRING" },
        help = "`s` in upper case.",
        example = { "UPPER('straße')", "STRASSE" } },
    { name = "LOWER", fails = true, signatures = { "LOWER(STRING s) STRING" },
        help = "`s` in lower case.",
        example = { "LOWER('ÉTÉ')", "été" } },
    { name = "INITCAP", fails = true, signatures = { "INITCAP(STRING s) STRING" },
        help = "`s` with the first letter of each word in upper case, the others in lower case. "
            .. "Words are of letters and digits.",
        example = { "INITCAP('hi tHERE')", "Hi There" } },
    { name = "SUBSTRING", aliases = { "SUBSTR" }, signatures = {
            "SUBSTRING(STRING s, INTEGER start, [INTEGER length]) STRING?" },
        help = "`length` characters of `s` from position `start` (from 1) on, or all. Below 0 the "
            .. "start counts from the end. NULL for a length below 0. Also `SUBSTRING(s FROM "
            .. "start FOR length)`.",
        example = { "SUBSTRING('Moontide' FROM 5 FOR 4)", "tide" } },
    { name = "LEFT", signatures = { "LEFT(STRING s, INTEGER n) STRING" },
        help = "the first `n` characters.",
        example = { "LEFT('tide', 2)", "ti" } },
    { name = "RIGHT", signatures = { "RIGHT(STRING s, INTEGER n) STRING" },
        help = "the last `n` characters.",
        example = { "RIGHT('tide', 2)", "de" } },
    { name = "POSITION", kernel = "LOCATE", signatures = { "POSITION(STRING part, STRING s) INT" },
        help = "where `part` first stands in `s`, from 1; 0 when it doesn't. Written "
            .. "`POSITION(part IN s)`.",
        example = { "POSITION('i' IN 'tide')", "2" } },
    { name = "LOCATE", signatures = { "LOCATE(STRING part, STRING s, [INTEGER start]) INT" },
        help = "the same, from position `start` on.",
        example = { "LOCATE('a', 'banana', 3)", "4" } },
    { name = "INSTR", signatures = { "INSTR(STRING s, STRING part) INT" },
        help = "the same with the text first.",
        example = { "INSTR('banana', 'n')", "3" } },
    { name = "STARTSWITH", signatures = { "STARTSWITH(STRING s, STRING start) BOOLEAN",
            "STARTSWITH(BYTES s, BYTES start) BOOLEAN" },
        help = "whether `s` begins with `start`.",
        example = { "STARTSWITH('tide', 'ti')", "TRUE" } },
    { name = "ENDSWITH", signatures = { "ENDSWITH(STRING s, STRING tail) BOOLEAN",
            "ENDSWITH(BYTES s, BYTES tail) BOOLEAN" },
        help = "whether `s` ends with `tail`.",
        example = { "ENDSWITH('tide', 'de')", "TRUE" } },
    { name = "TRIM", signatures = { "TRIM(STRING characters, STRING s) STRING" },
        help = "`s` without those characters at its ends. Written `TRIM([BOTH | LEADING | "
            .. "TRAILING] [characters] FROM s)` or `TRIM(s)`, which takes blanks off.",
        example = { "TRIM(LEADING 'x' FROM 'xxtidex')", "tidex" } },
    { name = "LTRIM", signatures = { "LTRIM(STRING s, [STRING characters]) STRING" },
        help = "`s` without those characters, or blanks, at its beginning.",
        example = { "LTRIM('  tide')", "tide" } },
    { name = "RTRIM", signatures = { "RTRIM(STRING s, [STRING characters]) STRING" },
        help = "`s` without those characters, or blanks, at its end.",
        example = { "RTRIM('tide...', '.')", "tide" } },
    { name = "BTRIM", signatures = { "BTRIM(STRING s, [STRING characters]) STRING" },
        help = "`s` without those characters, or blanks, at both ends.",
        example = { "BTRIM('--tide-', '-')", "tide" } },
    { name = "LPAD", fails = true,
        signatures = { "LPAD(STRING s, INTEGER length, STRING pad) STRING?" },
        help = "`s` filled on the left with `pad` to so many characters, or cut to them. NULL for "
            .. "a length below 0 or an empty `pad`.",
        example = { "LPAD('hi', 4, '??')", "??hi" } },
    { name = "RPAD", fails = true,
        signatures = { "RPAD(STRING s, INTEGER length, STRING pad) STRING?" },
        help = "the same on the right.",
        example = { "RPAD('hi', 4, '??')", "hi??" } },
    { name = "REPEAT", fails = true, signatures = { "REPEAT(STRING s, INTEGER times) STRING" },
        help = "`s` so many times.",
        example = { "REPEAT('ab', 3)", "ababab" } },
    { name = "REVERSE", signatures = { "REVERSE(STRING s) STRING" },
        help = "the characters of `s` from last to first.",
        example = { "REVERSE('tide')", "edit" } },
    { name = "REPLACE", signatures = { "REPLACE(STRING s, STRING part, STRING by) STRING" },
        help = "`s` with `by` wherever `part` stood.",
        example = { "REPLACE('ababab', 'abab', 'z')", "zab" } },
    { name = "TRANSLATE", strict = false,
        signatures = { "TRANSLATE(STRING s, STRING characters, STRING others) STRING" },
        help = "`s` with each of the characters replaced by the one at its place in `others`, or "
            .. "left out where there is none.",
        example = { "TRANSLATE('tide', 'tie', 'w1')", "w1d" } },
    { name = "OVERLAY", signatures = {
            "OVERLAY(STRING s, STRING other, INTEGER start, [INTEGER length]) STRING" },
        help = "`s` with `other` in place of `length` characters (as many as `other` has) from "
            .. "position `start` on. Written `OVERLAY(s PLACING other FROM start FOR length)`.",
        example = { "OVERLAY('xxxxxtest' PLACING 'xxxx' FROM 6 FOR 2)", "xxxxxxxxxst" } },
    { name = "ELT", strict = false, signatures = { "ELT(INTEGER n, STRING a...) STRING?" },
        help = "the `n`-th of the others, NULL when there is none.",
        example = { "ELT(2, 'a', 'b')", "b" } },
    { name = "SPLIT", signatures = { "SPLIT(STRING s, STRING separator) ARRAY<STRING>" },
        help = "the parts of `s` between the separators; its characters when the separator is "
            .. "empty.",
        example = { "SPLIT('a,b,,c', ',')", "[a, b, , c]" } },
    { name = "SPLIT_INDEX",
        signatures = { "SPLIT_INDEX(STRING s, STRING separator, INTEGER n) STRING?",
            "SPLIT_INDEX(STRING s, INTEGER character, INTEGER n) STRING?" },
        help = "the `n`-th part, from 0. NULL when there is none.",
        example = { "SPLIT_INDEX('a-b-c', '-', 1)", "b" } },
    { name = "STR_TO_MAP", fails = true, signatures = {
            "STR_TO_MAP(STRING s, [STRING separator], [STRING equals]) MAP<STRING, STRING>?" },
        help = "a map of the pairs in `s`: `,` stands between them and `=` in them unless other "
            .. "regular expressions are given.",
        example = { "STR_TO_MAP('a=1,b=2')", "{a=1, b=2}" } },
    { name = "REGEXP", fails = true, signatures = { "REGEXP(STRING s, STRING regex) BOOLEAN" },
        help = "whether the regular expression is found in `s`.",
        example = { "REGEXP('tide', 'i.e')", "TRUE" } },
    { name = "REGEXP_COUNT", fails = true,
        signatures = { "REGEXP_COUNT(STRING s, STRING regex) INT?" },
        help = "how often it is found.",
        example = { "REGEXP_COUNT('banana', 'an')", "2" } },
    { name = "REGEXP_INSTR", fails = true,
        signatures = { "REGEXP_INSTR(STRING s, STRING regex) INT?" },
        help = "where it is first found, from 1; 0 when it isn't.",
        example = { "REGEXP_INSTR('tide 12', '[0-9]+')", "6" } },
    { name = "REGEXP_SUBSTR", fails = true, kernel = "REGEXP_EXTRACT",
        signatures = { "REGEXP_SUBSTR(STRING s, STRING regex) STRING?" },
        help = "what is first found; NULL when nothing is.",
        example = { "REGEXP_SUBSTR('tide 12', '[0-9]+')", "12" } },
    { name = "REGEXP_EXTRACT", fails = true,
        signatures = { "REGEXP_EXTRACT(STRING s, STRING regex, [INTEGER group]) STRING?" },
        help = "a group of the first match; 0, the default, is all of it.",
        example = { "REGEXP_EXTRACT('foothebar', 'foo(.*?)(bar)', 2)", "bar" } },
    { name = "REGEXP_EXTRACT_ALL", fails = true, signatures = {
            "REGEXP_EXTRACT_ALL(STRING s, STRING regex, [INTEGER group]) ARRAY<STRING>?" },
        help = "a group, 1 unless given, of all matches.",
        example = { "REGEXP_EXTRACT_ALL('a1b2', '([a-z])([0-9])', 2)", "[1, 2]" } },
    { name = "REGEXP_REPLACE", fails = true,
        signatures = { "REGEXP_REPLACE(STRING s, STRING regex, STRING by) STRING?" },
        help = "`s` with `by`, as it stands, for each match.",
        example = { "REGEXP_REPLACE('foobar', 'oo|ar', '')", "fb" } },
    { name = "PRINTF", strict = false,
        signatures = { "PRINTF(STRING format, ANY a...) STRING?" },
        help = "the format with `%s`, `%d`, `%5.2f`, ... replaced by the others, as Java's "
            .. "Formatter does. NULL for a wrong format.",
        example = { "PRINTF('%s has %03d', 'tide', 7)", "tide has 007" } },
    { name = "PARSE_URL",
        signatures = { "PARSE_URL(STRING url, STRING part, [STRING key]) STRING?" },
        help = "a part of a URL: HOST, PATH, QUERY, REF, PROTOCOL, AUTHORITY, FILE or USERINFO; or "
            .. "the value of a key in its QUERY.",
        example = { "PARSE_URL('http://host/path?k=v', 'QUERY', 'k')", "v" } },
    { name = "URL_ENCODE", signatures = { "URL_ENCODE(STRING s) STRING" },
        help = "`s` as a form sends it.",
        example = { "URL_ENCODE('a b&c')", "a+b%26c" } },
    { name = "URL_DECODE", signatures = { "URL_DECODE(STRING s) STRING?" },
        help = "the text that was encoded so. NULL when it can't have been.",
        example = { "URL_DECODE('a+b%26c')", "a b&c" } },
    { name = "ASCII", signatures = { "ASCII(STRING s) INT" },
        help = "the first byte of `s` as a number from -128 to 127; 0 for the empty text.",
        example = { "ASCII('abc')", "97" } },
    { name = "CHR", signatures = { "CHR(BIGINT n) STRING" },
        help = "the character of number `n` modulo 256; empty below 0.",
        example = { "CHR(353)", "a" } },
    { name = "ENCODE", fails = true, signatures = { "ENCODE(STRING s, STRING charset) BYTES" },
        help = "`s` in US-ASCII, ISO-8859-1, UTF-8, UTF-16BE, UTF-16LE or UTF-16.",
        example = { "HEX(DECODE(ENCODE('aé', 'ISO-8859-1'), 'US-ASCII'))", "61EFBFBD" } },
    { name = "DECODE", fails = true, signatures = { "DECODE(BYTES b, STRING charset) STRING" },
        help = "the text that the bytes mean in that character set.",
        example = { "DECODE(x'6168', 'UTF-8')", "ah" } },
    { name = "TO_BASE64",
        signatures = { "TO_BASE64(STRING s) STRING", "TO_BASE64(BYTES s) STRING" },
        help = "`s` in base 64.",
        example = { "TO_BASE64('hello world')", "aGVsbG8gd29ybGQ=" } },
    { name = "FROM_BASE64", fails = true, signatures = { "FROM_BASE64(STRING s) STRING" },
        help = "the text that was written in base 64.",
        example = { "FROM_BASE64('aGVsbG8gd29ybGQ=')", "hello world" } },
    { name = "JSON_QUOTE", signatures = { "JSON_QUOTE(STRING s) STRING" },
        help = "`s` as a JSON string of ASCII.",
        example = { "JSON_QUOTE('a/b')", '"a\\/b"' } },
    { name = "JSON_UNQUOTE", signatures = { "JSON_UNQUOTE(STRING s) STRING" },
        help = "the text of a JSON string; what is none passes.",
        example = { [[JSON_UNQUOTE('"a\nb"')]], "a\nb" } },
}
