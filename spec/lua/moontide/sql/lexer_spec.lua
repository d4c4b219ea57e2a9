local lexer = require "moontide.sql.lexer"

-- "kind:value" of each token, the last ("end") left out.
local function shown(text)
    local tokens, parts = lexer.tokens(text), {}
    for i = 1, tokens.n - 1 do
        parts[i] = tokens.kind[i] .. ":" .. tokens.value[i]
    end
    return table.concat(parts, " ")
end

local function message(text)
    local ok, err = pcall(lexer.tokens, text)
    assert.is_false(ok)
    assert.equal("SQL", err.code)
    return err.message
end

describe("sql.lexer", function()
    it("tells words, quoted names, strings and symbols apart", function()
        assert.equal("word:select word:a symbol:. quoted:b c symbol:, string:d",
            shown "select a.`b c`, 'd'")
    end)

    it("unescapes doubled quotes and backticks", function()
        assert.equal("string:it's quoted:a`b string:", shown "'it''s' `a``b` ''")
    end)

    it("tells the three kinds of numbers apart", function()
        assert.equal("integer:1 decimal:1.5 decimal:.5 decimal:2. double:1e3 double:1.5E-3",
            shown "1 1.5 .5 2. 1e3 1.5E-3")
    end)

    it("reads code points of U& strings, with their own escape character too", function()
        assert.equal("string:☺! string:☺ string:😀\\",
            shown [[U&'\263A!' u&'#263A' UESCAPE '#' U&'\+01F600\\']])
    end)

    it("reads bytes in hex and strings with a character set", function()
        assert.equal("binary:0aff string:x", shown "x'0AFF' _utf8'x'")
    end)

    it("skips blanks, line comments and block comments", function()
        assert.equal("word:a word:b", shown "a -- 'x' /* \n /* -- ' ` */ b")
    end)

    it("reads hints, whose end is a symbol only there", function()
        assert.equal("symbol:/*+ word:x symbol:*/ integer:2 symbol:* integer:3",
            shown "/*+ x */ 2 */* c */ 3")
    end)

    it("takes the longest symbol", function()
        assert.equal("symbol:<> symbol:<= symbol:!= symbol:|| symbol:=> symbol:<",
            shown "<><=!=||=><")
    end)

    it("says what has no end, and where it began", function()
        assert.equal("line 2: this string has no end\n  'b\n  ^", message "a\n  'b")
        assert.matches("this identifier has no end", message "`a")
        assert.matches("this comment has no end", message "a /* b")
    end)

    it("refuses what can be no token", function()
        assert.matches("unexpected byte 0x01", message "a \1")
        assert.matches("unexpected character '\"'", message 'a "b"')
        assert.matches("even number of hex digits", message "x'0'")
        assert.matches("four hex digits", message [[U&'\D800']])
        assert.matches("at least one character", message "``")
        assert.matches("unknown character set 'klingon'", message "_klingon'a'")
    end)

    it("knows where each token begins and ends", function()
        local tokens = lexer.tokens "ab 'c''d'"
        assert.same({ 1, 4, 10 }, tokens.start)
        assert.same({ 2, 9, 9 }, tokens.stop)
    end)

    it("takes time that grows with the text, not with its square", function()
        local function seconds(n)
            local text, from = ("a /* x */, 'it''s' "):rep(n), os.clock()
            lexer.tokens(text)
            return os.clock() - from
        end
        seconds(1000)
        local small, large = seconds(5000), seconds(40000)
        assert.is_true(large < 40 * small + 0.2, ("%f s, %f s"):format(small, large))
    end)
end)
