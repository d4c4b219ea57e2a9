local Catalog = require "moontide.table.catalog"

local function table_object(comment)
    return { kind = "table", comment = comment, columns = {} }
end

local VIEW = { kind = "view" }

describe("table.catalog", function()
    local catalog

    before_each(function()
        catalog = Catalog.new("c", "d")
    end)

    local function refuses(pattern, value, message)
        assert.is_nil(value)
        assert.matches(pattern, message)
    end

    it("begins with one catalog and one database, which are current", function()
        assert.same({ "c" }, catalog:list_catalogs())
        assert.same({ "d" }, catalog:list_databases())
        assert.same({ "c", "d", "t" }, catalog:qualify { "t" })
        assert.same({ "c", "x", "t" }, catalog:qualify { "x", "t" })
    end)

    it("finds objects by one, two and three names", function()
        local object = table_object()
        assert.is_true(catalog:put({ "t" }, object))
        assert.equal(object, (catalog:find { "d", "t" }))
        assert.equal(object, (catalog:get { "c", "d", "t" }))
        refuses("table 'c.d.tt' does not exist, did you mean 't'%?", catalog:get { "tt" })
        refuses("database 'c.x' does not exist", catalog:get { "x", "t" })
        refuses("catalog 'q' does not exist", catalog:get { "q", "x", "t" })
    end)

    it("hides permanent objects behind temporary ones of the same path", function()
        local permanent, temporary = table_object "p", table_object "t"
        catalog:put({ "t" }, permanent)
        catalog:put({ "t" }, temporary, true)
        assert.equal(temporary, (catalog:get { "t" }))
        refuses("a temporary table 'c.d.t' hides", catalog:remove({ "t" }, "table"))
        assert.is_true(catalog:remove({ "t" }, "table", true))
        assert.equal(permanent, (catalog:get { "t" }))
        assert.is_true(catalog:remove({ "t" }, "table"))
        refuses("table 'c.d.t' does not exist", catalog:remove({ "t" }, "table"))
    end)

    it("takes no object twice unless told to replace it", function()
        catalog:put({ "t" }, table_object())
        refuses("table 'c.d.t' exists already", catalog:put({ "t" }, VIEW))
        assert.is_true(catalog:put({ "t" }, VIEW, false, true))
        assert.equal(VIEW, (catalog:get { "t" }))
    end)

    it("drops views as views and tables as tables", function()
        catalog:put({ "v" }, VIEW)
        refuses("'c.d.v' is a view, not a table", catalog:remove({ "v" }, "table"))
    end)

    it("lists tables and views in order, temporary ones too", function()
        catalog:put({ "b" }, table_object())
        catalog:put({ "v" }, VIEW)
        catalog:put({ "a" }, table_object(), true)
        catalog:put({ "x", "elsewhere" }, VIEW, true)
        assert.same({ "a", "b", "v" }, catalog:list())
        assert.same({ "v" }, catalog:list(nil, "view"))
        assert.same({ "a" }, catalog:list(nil, "table", "temporary"))
    end)

    it("renames within a database", function()
        local object = table_object()
        catalog:put({ "t" }, object)
        catalog:put({ "there" }, VIEW)
        refuses("exists already", catalog:rename({ "t" }, { "there" }))
        refuses("into another database", catalog:rename({ "t" }, { "x", "u" }))
        assert.is_true(catalog:rename({ "t" }, { "u" }))
        assert.equal(object, (catalog:get { "u" }))
        assert.is_nil((catalog:find { "t" }))
    end)

    it("makes, uses and drops databases", function()
        assert.is_true(catalog:create_database({ "x" }, {}))
        refuses("exists already", catalog:create_database({ "x" }, {}))
        assert.is_true(catalog:use_database { "x" })
        refuses("is in use", catalog:drop_database { "x" })
        catalog:put({ "t" }, table_object())
        catalog:use_database { "d" }
        refuses("is not empty", catalog:drop_database { "x" })
        assert.is_true(catalog:drop_database({ "x" }, true))
        refuses("does not exist, did you mean 'd'%?", catalog:use_database { "x" })
    end)

    it("makes, uses and drops catalogs in memory", function()
        refuses("option 'type' is missing", catalog:create_catalog("x", {}))
        refuses("not supported yet: the catalog type 'jdbc'",
            catalog:create_catalog("x", { type = "jdbc" }))
        refuses("unknown option 'typo' of a catalog, did you mean 'type'%?",
            catalog:create_catalog("x", { type = "generic_in_memory", typo = "" }))
        assert.is_true(catalog:create_catalog("x",
            { type = "generic_in_memory", ["default-database"] = "first" }))
        assert.is_true(catalog:use_catalog "x")
        assert.same({ "x", "first", "t" }, catalog:qualify { "t" })
        refuses("is in use", catalog:drop_catalog "x")
        catalog:use_catalog "c"
        assert.is_true(catalog:drop_catalog "x")
        refuses("does not exist", catalog:use_catalog "x")
    end)
end)
