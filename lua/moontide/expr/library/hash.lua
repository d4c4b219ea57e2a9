--- Digests. They may fail: not every build of OpenSSL has them all.
-- @module moontide.expr.library.hash

local function digest(name, what, example)
    return { name = name, fails = true,
        signatures = { name .. "(STRING s) STRING", name .. "(BYTES s) STRING" },
        help = ("the %s digest of `s` in hexadecimal digits."):format(what),
        example = { ("LEFT(%s('tide'), 8)"):format(name), example } }
end

return {
    digest("MD5", "MD5", "97dc284c"),
    digest("SHA1", "SHA-1", "17c772d6"),
    digest("SHA224", "SHA-224", "fc87469b"),
    digest("SHA256", "SHA-256", "8a28929a"),
    digest("SHA384", "SHA-384", "e400dab3"),
    digest("SHA512", "SHA-512", "f74054bd"),
    { name = "SHA2", fails = true,
        signatures = { "SHA2(STRING s, INTEGER bits) STRING?",
            "SHA2(BYTES s, INTEGER bits) STRING?" },
        help = "the SHA-2 digest of 224, 256, 384 or 512 bits.",
        example = { "LEFT(SHA2('tide', 224), 8)", "fc87469b" } },
}
