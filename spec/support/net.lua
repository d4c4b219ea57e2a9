--- Loopback sockets for specs, by FFI: a free port, and a plain HTTP GET.
-- Nothing here waits longer than the time it is given.
-- @module net
local ffi = require "ffi"

ffi.cdef [[
typedef struct { uint16_t family; uint16_t port; uint32_t addr; char zero[8]; }
    moontide_spec_addr;
typedef struct { long sec; long usec; } moontide_spec_time;
int socket(int domain, int type, int protocol);
int bind(int fd, const void *addr, unsigned len);
int connect(int fd, const void *addr, unsigned len);
int getsockname(int fd, void *addr, unsigned *len);
int setsockopt(int fd, int level, int name, const void *value, unsigned len);
long send(int fd, const void *data, size_t len, int flags);
long recv(int fd, void *data, size_t len, int flags);
int close(int fd);
int poll(void *fds, unsigned long len, int timeout_ms);
]]

local C = ffi.C
local AF_INET, SOCK_STREAM = 2, 1
local SOL_SOCKET, SO_RCVTIMEO = 1, 20
local MSG_NOSIGNAL = 0x4000

local M = {}

local function swap16(n)
    return math.floor(n / 256) % 256 + n % 256 * 256
end

local function loopback(port)
    return ffi.new("moontide_spec_addr", AF_INET, swap16(port), 0x0100007f)
end

--- Ports of 127.0.0.1 that nobody listens on now, each another one.
-- @tparam[opt=1] number n how many
-- @treturn number,... the ports
function M.free_ports(n)
    local fds, ports = {}, {}
    local addr, len = loopback(0), ffi.new("unsigned[1]")
    for i = 1, n or 1 do
        fds[i] = C.socket(AF_INET, SOCK_STREAM, 0)
        addr.port, len[0] = 0, ffi.sizeof(addr)
        assert(C.bind(fds[i], addr, len[0]) == 0, "cannot bind to loopback")
        C.getsockname(fds[i], addr, len)
        ports[i] = swap16(addr.port)
    end
    for _, fd in ipairs(fds) do
        C.close(fd)
    end
    return unpack(ports)
end

--- Waits.
-- @tparam number ms
function M.pause(ms)
    C.poll(nil, 0, ms)
end

local function open(port, timeout_ms)
    local fd = C.socket(AF_INET, SOCK_STREAM, 0)
    local wait = ffi.new("moontide_spec_time", math.floor(timeout_ms / 1000),
        timeout_ms % 1000 * 1000)
    C.setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, wait, ffi.sizeof(wait))
    if C.connect(fd, loopback(port), 16) == 0 then
        return fd
    end
    C.close(fd)
    return nil, "nobody listens on port " .. port
end

--- Whether somebody listens on the port.
-- @tparam number port
function M.listens(port)
    local fd = open(port, 100)
    return fd ~= nil and C.close(fd) == 0
end

local function read_all(fd)
    local piece, parts = ffi.new("char[?]", 4096), {}
    while true do
        local len = tonumber(C.recv(fd, piece, 4096, 0))
        if len <= 0 then
            return len == 0 and table.concat(parts) or nil
        end
        parts[#parts + 1] = ffi.string(piece, len)
    end
end

--- The answer to `GET path`.
-- @tparam number port
-- @tparam string path
-- @tparam[opt=5000] number timeout_ms
-- @treturn ?string body
-- @treturn number|string status, or why there is none
function M.get(port, path, timeout_ms)
    local fd, why = open(port, timeout_ms or 5000)
    if not fd then
        return nil, why
    end
    local ask = "GET " .. path .. " HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n"
    C.send(fd, ask, #ask, MSG_NOSIGNAL)
    local answer = read_all(fd)
    C.close(fd)
    if not answer then
        return nil, "no answer in time"
    end
    local status, body = answer:match "^HTTP/%S+ (%d+).-\r\n\r\n(.*)$"
    return body, tonumber(status)
end

return M
