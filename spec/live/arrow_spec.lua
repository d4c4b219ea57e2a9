--- Batches handed to pyarrow and back. pyarrow is no dependency of ours: it is
-- installed into the git-ignored cache when this spec runs for the first time.
local process = require "process"

local venv = ".cache/pyarrow"
local python = venv .. "/bin/python"

--- The output of a command and whether it succeeded.
local function run(command)
    local pipe = assert(io.popen(command .. " 2>&1; echo status $?"))
    local text = pipe:read "*a"
    pipe:close()
    local said, status = text:match "^(.*)status (%d+)\n$"
    return said, status == "0"
end

local function install()
    if select(2, run(python .. " -c 'import pyarrow'")) then
        return true
    end
    local said, good = run("python3 -m venv " .. venv .. " && " .. python
        .. " -m pip install --quiet pyarrow")
    return good, said
end

describe("the Arrow C data interface", function()
    local ready, why = install()
    if not ready then
        pending("is spoken with pyarrow (cannot install it: " .. why .. ")")
        return
    end

    local library = (os.getenv "BUILD" or "build/release") .. "/lib/libmoontide.so"
    local preload = os.getenv "MOONTIDE_PRELOAD" or ""
    if preload ~= "" then -- a sanitizer; Python itself leaks
        preload = "LD_PRELOAD=" .. preload .. " ASAN_OPTIONS=detect_leaks=0 "
    end
    local said, good = run(preload .. python .. " spec/live/arrow_pyarrow.py "
        .. process.quote(library))

    it("is spoken with pyarrow", function()
        assert.is_true(good, said)
        assert.is_truthy(said:find("ok\tmemory", 1, true), said)
    end)

    for result, name, reason in said:gmatch "(%l+)\t([^\t\n]+)\t([^\n]*)" do
        local sentence = ({
            memory = "shares memory and gives it back",
            refusal = "refuses what has no counterpart",
        })[name] or "carries columns of " .. name
        it(sentence, function()
            assert.are.equal("ok", result, reason)
        end)
    end
end)
