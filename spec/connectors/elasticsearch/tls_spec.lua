-- Whose certificates are believed: an nginx with one that an authority of its own
-- has signed, which it sends along.
local moontide = require "moontide"
local net = require "net"
local nginx = require "nginx"
local process = require "process"

local CERTIFICATES = [[
    cd "$1"
    for name in authority stranger; do
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \
            -subj "/CN=$name" -days 2 -keyout $name.key -out $name.pem
    done
    for name in server elsewhere; do
        openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=$name \
            -keyout $name.key -out $name.csr
        [ $name = server ] && san=IP:127.0.0.1 || san=DNS:elsewhere.example
        echo "subjectAltName=$san" >$name.ext
        openssl x509 -req -in $name.csr -CA authority.pem -CAkey authority.key -CAcreateserial \
            -days 2 -extfile $name.ext -out $name.crt
        cat $name.crt authority.pem >$name.pem
    done]]

local SERVER = [[
    server {
        listen 127.0.0.1:$PORT ssl;
        ssl_certificate $FOLDER/$NAME.pem;
        ssl_certificate_key $FOLDER/$NAME.key;
        location = /_bulk {
            return 200 '{"errors":false,"items":[{"index":{"status":201}}]}';
        }
    }]]

local function fingerprint(path)
    return process.run("openssl x509 -noout -fingerprint -sha256 -in " .. path).out:match "=(%S+)"
end

describe("an https host", function()
    local folder, server, ports

    setup(function()
        folder = process.run("mktemp -d").out:match "%S+"
        local made = process.run(("sh -c %s sh %s"):format(process.quote(CERTIFICATES), folder))
        assert(made.status == 0, made.err)
        local servers = {}
        ports = { server = 0, elsewhere = 0 }
        ports.server, ports.elsewhere = net.free_ports(2)
        for name, port in pairs(ports) do
            servers[#servers + 1] = SERVER:gsub("%$(%u+)",
                { PORT = port, FOLDER = folder, NAME = name })
        end
        server = nginx.start { http = table.concat(servers) }
    end)

    teardown(function()
        server:stop()
        os.execute("rm -rf " .. folder)
    end)

    -- How a row gets there: nothing, or the error's message.
    local function write(connector, name, options)
        local t_env = moontide.StreamTableEnvironment.create(
            moontide.StreamExecutionEnvironment.get_execution_environment())
        t_env:execute_sql(("CREATE TABLE t (a INT) WITH ('connector' = '%s', 'hosts' = "
            .. "'https://127.0.0.1:%d', 'index' = 'i', 'sink.bulk-flush.backoff.strategy' = "
            .. "'CONSTANT'%s)"):format(connector, ports[name], options))
        local ok, err = pcall(function()
            t_env:execute_sql("INSERT INTO t VALUES (1)"):wait()
        end)
        return not ok and tostring(err) or nil
    end

    local function refuses(...)
        local text = write(...)
        assert.truthy(text)
        assert.truthy(text:find("SSL", 1, true) or text:find("certificate", 1, true), text)
    end

    it("is believed when the file has its authority", function()
        local option = ", 'ssl.certificate-authority' = '%s/%s.pem'"
        assert.is_nil(write("elasticsearch-7", "server", option:format(folder, "authority")))
        refuses("elasticsearch-7", "server", option:format(folder, "stranger"))
        refuses("elasticsearch-7", "elsewhere", option:format(folder, "authority"))
        refuses("elasticsearch-7", "server", option:format(folder, "nothing"))
        refuses("elasticsearch-7", "server", "")
    end)

    it("is believed when the authority has the fingerprint", function()
        local option = ", 'ssl.certificate-fingerprint' = '%s'"
        local right = fingerprint(folder .. "/authority.pem")
        assert.is_nil(write("elasticsearch-8", "server", option:format(right)))
        assert.is_nil(write("elasticsearch-8", "server",
            option:format(right:gsub(":", ""):lower())))
        refuses("elasticsearch-8", "server",
            option:format(fingerprint(folder .. "/stranger.pem")))
        refuses("elasticsearch-8", "elsewhere", option:format(right))
    end)

    it("is believed whoever it is, where that is asked for", function()
        assert.is_nil(write("opensearch", "elsewhere", ", 'allow-insecure' = 'true'"))
        refuses("opensearch", "elsewhere", "")
    end)
end)
