--- What `add_jars`, `pipeline.jars` and their relatives bring along.
--
-- A `.so` is a Moontide plug-in: its folder joins those searched for plug-ins.
-- A `.lua` file or a folder is Lua code: it joins `package.path`, here and in
-- the states that run closures. A `.jar` gets a line in the log, since
-- connectors are built in; the job goes on.
-- @module moontide.common.plugins
local args = require "moontide.args"
local errors = require "moontide.error"

local M = {}

local function core()
    local ok, module = pcall(require, "moontide.core")
    return ok and module or nil
end

local function log(level, text)
    local engine = core()
    if engine then
        engine.log(level, "moontide", text)
    end
end

local function path_of(url)
    return (url:gsub("^file://", ""))
end

local function folder_of(path)
    return path:match "^(.*)/[^/]*$" or "."
end

local function is_folder(path)
    -- Opening a folder for reading succeeds, reading from it doesn't.
    local file = io.open(path)
    if not file then
        return false
    end
    local _, _, code = file:read(0)
    file:close()
    return code == 21
end

local function need_file(path)
    local file, problem = io.open(path)
    if not file then
        errors.raise("IO", "cannot open %s", problem)
    end
    file:close()
end

local function search(folder)
    local entry = folder .. "/?.lua;" .. folder .. "/?/init.lua"
    if not (";" .. package.path .. ";"):find(";" .. entry .. ";", 1, true) then
        package.path = entry .. ";" .. package.path
    end
end

--- Puts a Lua file's folder, or a folder, on the path of modules.
-- @tparam string path
function M.add_lua(path)
    path = path_of(path)
    need_file(path)
    search(is_folder(path) and path:gsub("(.)/+$", "%1") or folder_of(path))
end

--- Puts an archive on the path of modules; a folder for now.
-- @tparam string path perhaps followed by `#target`, which is ignored
function M.add_archive(path)
    path = path_of(path):gsub("#.*$", "")
    if not is_folder(path) then
        errors.unsupported "add_lua_archive with a packed archive (give a folder)"
    end
    M.add_lua(path)
end

local function add_one(url)
    local path = path_of(url)
    if path:find "%.jar$" then
        log("info", ("'%s' isn't needed: connectors and formats are built in"):format(path))
    elseif path:find "%.so$" then
        need_file(path)
        local engine = core() or errors.raise("MISUSE", "no engine to load '%s' into", path)
        engine.plugin_path(folder_of(path))
    elseif path:find "%.lua$" or is_folder(path) then
        M.add_lua(path)
    else
        errors.raise("MISUSE", "'%s' is neither a plug-in (.so), a Lua file nor a folder", url)
    end
end

--- Adds each of some paths or URLs.
-- @tparam string name of the function that was called, for messages
-- @param ... paths, or one sequence of them
function M.add(name, ...)
    for _, url in ipairs(args.list(name, args.is_string, ...)) do
        add_one(url)
    end
end

--- Says that a setting of Python's has no meaning here.
-- @tparam string name
function M.not_needed(name)
    log("info", name .. " has no effect: Lua needs neither an interpreter nor requirements")
end

return M
