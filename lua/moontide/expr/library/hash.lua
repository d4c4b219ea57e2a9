--- Digests. They may fail: not every build of OpenSSL has them all.
-- @module moontide.expr.library.hash

local function digest(name, what, example)
    return { name = name, fails = true,
        signatures = { name .. "(STRING s) STRING", name .. "(BYTES s) STRING" },
        help = ("the %s digest of `s` in hexadecimal digits."):format(what),
        example = { name .. "('')", example } }
end

return {
    digest("MD5", "MD5", "d41d8cd98f00b204e9800998ecf8427e"),
    digest("SHA1", "SHA-1", "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
    digest("SHA224", "SHA-224", "d14a028c2a3a2bc9476102bb288234c415a2b01f828ea62ac5b3e42f"),
    digest("SHA256", "SHA-256",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    digest("SHA384", "SHA-384", "38b060a751ac96384cd9327eb1b1e36a21fdb71114be0743"
        .. "4c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95b"),
    digest("SHA512", "SHA-512", "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
        .. "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e"),
    { name = "SHA2", fails = true,
        signatures = { "SHA2(STRING s, INT bits) STRING?", "SHA2(BYTES s, INT bits) STRING?" },
        help = "the SHA-2 digest of 224, 256, 384 or 512 bits.",
        example = { "SHA2('', 224)", "d14a028c2a3a2bc9476102bb288234c415a2b01f828ea62ac5b3e42f" } },
}
