-- The rock: built and installed into a tree of its own by LuaRocks, which moves
-- programs and modules about, it runs jobs with no path set.
local process = require "process"

local has_luarocks = os.execute "command -v luarocks >/dev/null" == 0
-- What LuaRocks starts knows nothing of a sanitizer.
local preload = os.getenv "MOONTIDE_PRELOAD" or ""

describe("the rock", function()
    if not has_luarocks or preload ~= "" then
        pending "wants luarocks and a build without sanitizers"
        return
    end

    local tree, luarocks

    setup(function()
        local build = os.getenv "BUILD" or "build/release"
        tree = os.tmpname()
        os.remove(tree)
        -- LuaRocks must look at the Lua that the engine is for, whatever else is there.
        local headers = process.list("pkg-config --variable=includedir luajit")[1]
        process.write(tree .. ".config", ([[
            lua_version, lua_interpreter = "5.1", "luajit"
            variables = { LUA_DIR = "/usr", LUA_BINDIR = "/usr/bin", LUA_INCDIR = %q }
        ]]):format(headers))
        luarocks = ("LUAROCKS_CONFIG=%s.config luarocks --lua-version 5.1 --tree %s ")
            :format(tree, tree)
        local result = process.run(("export MAKEFLAGS=%s; unset MAKELEVEL; %s make "
            .. "--deps-mode=none rockspec/moontide-scm-1.rockspec")
            :format(process.quote("s -- BUILD=" .. build), luarocks))
        assert(result.status == 0, result.out .. result.err)
    end)

    teardown(function()
        os.execute(("rm -rf %s %s.config"):format(tree, tree))
    end)

    local NOTHING_SET = "env -u LUA_PATH -u LUA_CPATH -u MOONTIDE_PLUGIN_PATH "

    it("has a command that runs a job", function()
        local result = process.run(NOTHING_SET .. tree
            .. "/bin/moontide run examples/datagen_print.lua")
        assert.equal("", result.err)
        assert.equal("order> +I[1, 1]\norder> +I[2, 1]\norder> +I[3, 1]\n", result.out)
    end)

    it("has modules that plain luajit finds where LuaRocks says they are", function()
        local result = process.run(("unset LUA_PATH LUA_CPATH MOONTIDE_PLUGIN_PATH; "
            .. 'eval "$(%s path)"; %s examples/hello.lua'):format(luarocks, process.luajit()))
        assert.equal("", result.err)
        assert.equal("+I[1, HELLO]\n+I[2, STREAM]\n+I[3, WORLD]\n", result.out)
    end)

    it("holds one library", function()
        local large = ("find %s \\( -name 'libmoontide*' -o -name core.so \\) -type f -size +500k")
        assert.equal(1, #process.list(large:format(tree)))
    end)
end)
