local moontide = require "moontide"

describe("a function class", function()
    it("makes objects with open and close that do nothing", function()
        local object = moontide.MapFunction { map = function(_, x) return x + 1 end }
        assert.equal(2, object:map(1))
        object:open()
        object:close()
    end)

    it("leaves out what a function must bring", function()
        assert.is_nil(moontide.MapFunction({}).map)
        assert.is_nil(moontide.ProcessFunction().process_element)
    end)

    it("can be inherited from in turn", function()
        local Scale = moontide.MapFunction { factor = 1 }
        function Scale:map(x)
            return x * self.factor
        end
        local double = setmetatable({ factor = 2 }, Scale)
        assert.equal(6, double:map(3))
        assert.is_function(double.open)
    end)

    it("NullByteKeySelector has one key for everything", function()
        assert.equal(0, moontide.NullByteKeySelector:get_key "a")
    end)
end)
