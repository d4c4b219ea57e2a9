-- The kafka connector by TLS on a real broker: what is to be trusted is, what is not
-- is refused with what to do.
local kafka = require "kafka"
local process = require "process"

local JOB = [==[
local moontide = require "moontide"
local t_env = moontide.TableEnvironment.create(
    moontide.EnvironmentSettings.in_streaming_mode())
t_env:execute_sql [[ CREATE TABLE source_table (a STRING) WITH ('connector' = 'kafka',
    'topic' = '%s', 'format' = 'json', 'scan.startup.mode' = 'earliest-offset',
    'scan.bounded.mode' = 'latest-offset', %s) ]]
t_env:execute_sql [[ CREATE TABLE sink_table (a STRING) WITH ('connector' = 'kafka',
    'topic' = '%s', 'format' = 'json', %s) ]]
t_env:execute_sql("INSERT INTO sink_table SELECT * FROM source_table"):wait()
]==]

describe("kafka by TLS", function()
    local broker, from, to

    setup(function()
        broker = kafka.broker("tls", nil, true)
        from = kafka.create_topic("from", 1, nil, broker.address)
        to = kafka.create_topic("to", 1, nil, broker.address)
        kafka.produce(from, { '{"a":"sealed"}' }, nil, broker.address)
    end)

    teardown(function()
        broker:clean()
    end)

    -- A file of the broker's.
    local function file(name)
        return broker.home .. "/tls/" .. name
    end

    -- Copies a record through a listener; `properties` besides the protocol's.
    local function copy(listener, properties)
        local options = {
            "'properties.bootstrap.servers' = '" .. broker:listener(listener) .. "'",
            "'properties.default.api.timeout.ms' = '3000'",
        }
        properties["security.protocol"] = properties["security.protocol"] or "SSL"
        for name, value in pairs(properties) do
            options[#options + 1] = ("'properties.%s' = '%s'"):format(name, value)
        end
        options = table.concat(options, ", ")
        local path = process.write(os.tmpname(), JOB:format(from, options, to, options))
        local result = process.run_script(path, "", 20)
        os.remove(path)
        return result
    end

    -- Expects that a copy arrives.
    local function works(listener, properties)
        local before = kafka.count(to, 1, broker.address)
        local result = copy(listener, properties)
        assert.equal("", result.err)
        assert.equal(0, result.status)
        assert.equal(before + 1, kafka.count(to, 1, broker.address))
    end

    -- Expects an error of that text.
    local function fails(text, listener, properties)
        local result = copy(listener, properties)
        assert.equal(1, result.status)
        assert.matches(text, result.err)
    end

    it("trusts the authority it is given, under both clients' names", function()
        works("TLS", { ["ssl.truststore.location"] = file "authority.pem" })
        works("TLS", { ["ssl.ca.location"] = file "authority.pem" })
    end)

    it("refuses another authority's certificates", function()
        fails("no safe connection.*not signed by an authority that we trust.*truststore",
            "TLS", { ["ssl.truststore.location"] = file "stranger.pem" })
    end)

    it("refuses a certificate for another host, unless told not to look", function()
        fails("no safe connection.*is for another host.*endpoint.identification",
            "ELSEWHERE", { ["ssl.truststore.location"] = file "authority.pem" })
        works("ELSEWHERE", {
            ["ssl.truststore.location"] = file "authority.pem",
            ["ssl.endpoint.identification.algorithm"] = "",
        })
    end)

    it("shows its own certificate where one is wanted", function()
        works("MUTUAL", {
            ["ssl.truststore.location"] = file "authority.pem",
            ["ssl.keystore.location"] = file "client.pem",
        })
        fails("certificate", "MUTUAL", { ["ssl.truststore.location"] = file "authority.pem" })
    end)

    it("logs in by SASL over TLS", function()
        local function login(password)
            return {
                ["security.protocol"] = "SASL_SSL",
                ["ssl.truststore.location"] = file "authority.pem",
                ["sasl.mechanism"] = "PLAIN",
                ["sasl.jaas.config"] = "org.apache.kafka.common.security.plain.PlainLoginModule "
                    .. ('required username="alice" password="%s";'):format(password),
            }
        end
        works("LOGIN", login "alice-pw")
        fails("refuse the connection.*Invalid username or password", "LOGIN", login "wrong-pw")
    end)

    it("says what to look at when one side speaks plainly", function()
        fails("incorrect security.protocol", "TLS", { ["security.protocol"] = "PLAINTEXT" })
    end)

    it("says how to turn Java's stores into what it reads", function()
        fails("JKS store.*keytool %-exportcert %-rfc",
            "TLS", { ["ssl.truststore.location"] = "/etc/kafka/trust.jks" })
        fails("JKS store.*PKCS12",
            "TLS", { ["ssl.keystore.location"] = "/etc/kafka/key.jks" })
    end)
end)
