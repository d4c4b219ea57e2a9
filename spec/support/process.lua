--- Runs commands for specs and keeps what they said.
-- @module process
local M = {}

--- A word for the shell, whatever is in it.
function M.quote(text)
    return "'" .. tostring(text):gsub("'", "'\\''") .. "'"
end

--- The text of a file, or nil.
function M.read(path)
    local file = io.open(path)
    if not file then
        return nil
    end
    local text = file:read "*a"
    file:close()
    return text
end

--- Writes a file.
-- @treturn string path
function M.write(path, text)
    local file = assert(io.open(path, "w"))
    file:write(text)
    file:close()
    return path
end

--- The `moontide` command of this build.
function M.moontide()
    return os.getenv "MOONTIDE_BIN" or "build/release/bin/moontide"
end

--- The plain `luajit` of this build, ready for its sanitizer: `run` puts a
-- stand-in into the path.
function M.luajit()
    return "luajit"
end

--- Runs a shell command, ended after a time.
-- @tparam string command
-- @tparam[opt=60] number seconds it may take
-- @treturn table { status =, out =, err = }; status 124: took too long
function M.run(command, seconds)
    local out, err = os.tmpname(), os.tmpname()
    local status = os.execute(("timeout -k 2 %d sh -c %s >%s 2>%s </dev/null")
        :format(seconds or 60, M.quote(command), out, err))
    local result = {
        -- Lua 5.1 gives wait()'s status word.
        status = status % 256 ~= 0 and 128 + status % 128 or status / 256,
        out = M.read(out), err = M.read(err),
    }
    os.remove(out)
    os.remove(err)
    return result
end

--- Runs `moontide run SCRIPT`.
-- @tparam string script a path
-- @tparam[opt] string args
-- @tparam[opt] number seconds
function M.run_script(script, args, seconds)
    return M.run(("%s run %s %s"):format(M.quote(M.moontide()), M.quote(script),
        args or ""), seconds)
end

--- The lines of a text.
-- @treturn {string,...}
function M.lines(text)
    local lines = {}
    for line in text:gmatch "[^\n]+" do
        lines[#lines + 1] = line
    end
    return lines
end

--- The output lines of a shell command.
-- @treturn {string,...}
function M.list(command)
    local pipe = assert(io.popen(command))
    local lines = M.lines(pipe:read "*a")
    pipe:close()
    return lines
end

return M
