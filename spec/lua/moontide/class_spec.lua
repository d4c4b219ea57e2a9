local class = require "moontide.class"

local Animal = class.new "Animal"
local Dog = class.new("Dog", Animal)

function Animal.__init(_, name)
    return setmetatable({ name = name }, Animal)
end

function Animal:describe()
    return "animal " .. self.name
end

function Dog.__init(_, name)
    return setmetatable({ name = name }, Dog)
end

class.later(Animal, { "fly" })

local function message(f)
    local ok, err = pcall(f)
    assert.is_false(ok)
    return err.message
end

describe("a class", function()
    it("makes objects that inherit", function()
        local dog = Dog "rex"
        assert.equal("animal rex", dog:describe())
        assert.is_true(class.is(dog, Animal))
        assert.is_true(class.is(dog, Dog))
        assert.is_false(class.is(Animal "cat", Dog))
        assert.is_false(class.is("text", Animal))
        assert.equal("Dog", tostring(dog))
    end)

    it("answers a misspelt name with the nearest", function()
        assert.equal("Dog has no 'descirbe', did you mean 'describe'?", message(function()
            return Dog("rex").descirbe
        end))
        assert.equal("Animal has no 'xyzzy'", message(function() return Animal.xyzzy end))
    end)

    it("says what a later release brings", function()
        assert.equal("not supported yet: Dog.fly", message(function() return Dog("rex"):fly() end))
    end)

    it("checks arguments", function()
        local check = class.check(Dog)
        local dog = Dog "rex"
        assert.equal(dog, check(dog))
        assert.same({ nil, "Dog expected, got Animal" }, { check(Animal "cat") })
        assert.same({ nil, "Dog expected, got nil" }, { check(nil) })
    end)

    it("that has no constructor says so", function()
        local Closed = class.new "Closed"
        assert.matches("Closed can't be called", message(function() return Closed() end))
    end)
end)
