-- What `make install` and the rock put where.
local process = require "process"

-- An installed tree, made once.
local function install(prefix)
    local build = os.getenv "BUILD" or "build/release"
    local result = process.run(("env -u MAKEFLAGS -u MAKELEVEL "
        .. "make -s install BUILD=%s DESTDIR=%s PREFIX=/usr")
        :format(process.quote(build), process.quote(prefix)))
    assert(result.status == 0, result.err)
end

-- For programs that know nothing of the sanitizer that the library wants.
local preloaded = "LD_PRELOAD=" .. (os.getenv "MOONTIDE_PRELOAD" or "")

describe("make install", function()
    local root

    setup(function()
        root = os.tmpname()
        os.remove(root)
        install(root)
    end)

    teardown(function()
        os.execute("rm -rf " .. process.quote(root))
    end)

    it("brings every Lua module", function()
        local here = process.list "cd lua && find . -name '*.lua' | sort"
        local there = process.list(("cd %s/usr/share/lua/5.1 && find . -name '*.lua' | sort")
            :format(process.quote(root)))
        assert.same(here, there)
    end)

    it("brings every plug-in", function()
        for _, folder in ipairs(process.list "ls -d connectors/*/ connectors/formats/*/") do
            local name = folder:match "^connectors/(.-)/$"
            if name ~= "formats" then
                assert.truthy(process.read(root .. "/usr/lib/moontide/" .. name .. ".so"), name)
            end
        end
    end)

    it("leaves a command that runs a job from where it was put", function()
        local result = process.run(("env -u LUA_PATH -u LUA_CPATH -u MOONTIDE_PLUGIN_PATH "
            .. "%s/usr/bin/moontide run examples/hello.lua"):format(process.quote(root)))
        assert.equal("", result.err)
        assert.equal("+I[1, HELLO]\n+I[2, STREAM]\n+I[3, WORLD]\n", result.out)
    end)

    it("leaves modules that plain luajit finds, and plug-ins that they find", function()
        local result = process.run(("env -u MOONTIDE_PLUGIN_PATH "
            .. "LUA_PATH='%s/usr/share/lua/5.1/?.lua;%s/usr/share/lua/5.1/?/init.lua;;' "
            .. "LUA_CPATH='%s/usr/lib/lua/5.1/?.so;;' %s examples/datagen_print.lua")
            :format(root, root, root, process.luajit()))
        assert.equal("", result.err)
        assert.equal("order> +I[1, 1]\norder> +I[2, 1]\norder> +I[3, 1]\n", result.out)
    end)

    it("leaves headers and a library that a C program builds against", function()
        local source = process.write(root .. "/t.c", [[
            #include <moontide.h>
            #include <stdio.h>
            int main(void)
            {
                mt_type *type = mt_type_parse("ROW<a INT>", NULL);

                printf("%d fields\n", (int)type->fields_len);
                mt_type_unref(type);
                return 0;
            }]])
        local result = process.run(("cc %s -I%s/usr/include -L%s/usr/lib -lmoontide "
            .. "-Wl,-rpath,%s/usr/lib -o %s/t && %s %s/t"):format(source, root, root, root,
            root, preloaded, root))
        assert.equal("1 fields\n", result.out)
    end)
end)

describe("the rockspec", function()
    local rock = {}

    setup(function()
        setfenv(assert(loadfile "rockspec/moontide-scm-1.rockspec"), rock)()
    end)

    it("builds and installs by targets that the Makefile has", function()
        local makefile = process.read "Makefile"
        for _, target in ipairs { rock.build.build_target, rock.build.install_target } do
            assert.truthy(makefile:find("\n" .. target .. ":"), target)
        end
        for name in pairs(rock.build.install_variables) do
            assert.truthy(makefile:find("\n" .. name .. "%s+%?="), name)
        end
    end)

    it("names the version that the rock's file name has", function()
        assert.equal("scm-1", rock.version)
    end)
end)
