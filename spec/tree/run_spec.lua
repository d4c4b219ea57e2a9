-- The runner of the tests itself: what it counts, and what it does not let pass.
local process = require "process"

-- What `spec/support/run` makes of one file of that name and text.
local function run(name, text, more)
    local folder = os.tmpname()
    os.remove(folder)
    assert(os.execute("mkdir " .. folder) == 0)
    local path = process.write(folder .. "/" .. name, text)
    os.execute("chmod +x " .. path)
    local result = process.run(("env -u VARIANT %s BUILD=%s/build spec/support/run '' %s")
        :format(more or "", folder, path))
    os.execute("rm -rf " .. folder)
    local lines = process.lines(result.out)
    return lines[#lines], result
end

local function tap(text, more)
    return run("test_x", "#!/bin/sh\n" .. text, more)
end

local function spec(body, more)
    return run("x_spec.lua", "describe('x', function() " .. body .. " end)", more)
end

describe("the runner", function()
    it("adds up what TAP says", function()
        local line, result = tap "echo ok 1 - a; echo 'ok 2 - # SKIP b'; echo 1..2"
        assert.equal("1 passed, 0 failed, 1 skipped", line)
        assert.equal(0, result.status)
    end)

    it("fails with a failed test, and shows what follows it", function()
        local line, result = tap "echo 'not ok 1 - a'; echo '# because of b'; echo 1..1; exit 1"
        assert.equal("0 passed, 1 failed, 0 skipped", line)
        assert.equal(1, result.status)
        assert.truthy(result.out:find("because of b", 1, true))
    end)

    it("fails with a program that crashes, or ends before its plan", function()
        assert.equal("1 passed, 1 failed, 0 skipped", (tap "echo ok 1 - a; kill -SEGV $$"))
        assert.equal("1 passed, 1 failed, 0 skipped", (tap "echo ok 1 - a"))
        assert.equal("1 passed, 1 failed, 0 skipped", (tap "echo ok 1 - a; echo 1..2"))
    end)

    it("fails with one that takes too long", function()
        assert.equal("0 passed, 1 failed, 0 skipped", (tap("sleep 9", "LIMIT=1")))
    end)

    it("fails with a sanitizer's report, whatever the tests say", function()
        assert.equal("1 passed, 1 failed, 0 skipped", (tap [[
            echo ok 1 - a; echo 1..1
            echo '==1==ERROR: AddressSanitizer: heap-use-after-free' >&2 ]]))
    end)

    it("counts a busted spec's tests, pending ones as skipped", function()
        assert.equal("1 passed, 0 failed, 1 skipped",
            (spec "it('a', function() end) pending('b')"))
    end)

    it("fails with a spec that raises, in a test or outside", function()
        assert.equal("0 passed, 1 failed, 0 skipped",
            (spec "it('a', function() error 'x' end)"))
        assert.equal("0 passed, 1 failed, 0 skipped", (spec "error 'x'"))
    end)

    it("lets nothing be skipped where that is asked", function()
        assert.equal("0 passed, 1 failed, 0 skipped", (spec("pending('b')", "STRICT=1")))
    end)
end)
