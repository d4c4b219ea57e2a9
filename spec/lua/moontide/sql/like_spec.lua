local like = require "moontide.sql.like"

local function naive(pattern, text)
    if pattern == "" then
        return text == ""
    end
    local head, rest = pattern:sub(1, 1), pattern:sub(2)
    if head == "%" then
        for i = 1, #text + 1 do
            if naive(rest, text:sub(i)) then
                return true
            end
        end
        return false
    end
    return text ~= "" and (head == "_" or head == text:sub(1, 1)) and naive(rest, text:sub(2))
end

describe("sql.like", function()
    it("agrees with a naive model on every short text", function()
        local letters = { "a", "b", "%", "_" }
        local function words(length, alphabet)
            if length == 0 then
                return { "" }
            end
            local list = {}
            for _, word in ipairs(words(length - 1, alphabet)) do
                for i = 1, alphabet do
                    list[#list + 1] = word .. letters[i]
                end
            end
            return list
        end
        for length = 0, 4 do
            for _, pattern in ipairs(words(length, 4)) do
                local matches = like.matcher(pattern)
                for text_length = 0, 3 do
                    for _, text in ipairs(words(text_length, 2)) do
                        assert.equal(naive(pattern, text), matches(text), pattern .. " ~ " .. text)
                    end
                end
            end
        end
    end)

    it("takes a character after a backslash as it is", function()
        assert.is_true(like.matcher [[a\%]]("a%"))
        assert.is_false(like.matcher [[a\%]]("ab"))
        assert.is_true(like.matcher [[\_\\]]("_\\"))
    end)

    it("counts characters, not bytes", function()
        assert.is_true(like.matcher "_t_"("été"))
    end)

    it("ignores case when asked to", function()
        assert.is_true(like.matcher("AB%", true)("abc"))
        assert.is_false(like.matcher "AB%"("abc"))
    end)

    it("answers soon for patterns of many wildcards", function()
        assert.is_false(like.matcher(("%a"):rep(50) .. "b")(("a"):rep(2000)))
    end)
end)
