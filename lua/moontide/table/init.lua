--- What PyFlink has in `pyflink.table`, loaded when first read.
-- @module moontide.table
local exports = require "moontide.exports"

local names = {
    DataTypes = "moontide.datatypes",
    EnvironmentSettings = "moontide.table.settings",
    ExplainDetail = "moontide.table.config:ExplainDetail",
    Expression = "moontide.table.expressions:Expression",
    FormatDescriptor = "moontide.table.schema:FormatDescriptor",
    ResolvedSchema = "moontide.table.schema:ResolvedSchema",
    ResultKind = "moontide.table.result:ResultKind",
    Row = "moontide.row",
    RowKind = "moontide.rowkind",
    Schema = "moontide.table.schema:Schema",
    SqlDialect = "moontide.table.config:SqlDialect",
    StatementSet = "moontide.table.statement_set:StatementSet",
    StreamTableEnvironment = "moontide.table.environment:StreamTableEnvironment",
    Table = "moontide.table.table",
    TableConfig = "moontide.table.config:TableConfig",
    TableDescriptor = "moontide.table.schema:TableDescriptor",
    TableEnvironment = "moontide.table.environment:TableEnvironment",
    TablePipeline = "moontide.table.statement_set:TablePipeline",
    TableResult = "moontide.table.result:TableResult",
    TableSchema = "moontide.table.schema:TableSchema",
    expressions = "moontide.table.expressions",
}

for _, name in ipairs { "and_", "call", "col", "lit", "not_", "null_of", "or_" } do
    names[name] = "moontide.table.expressions:" .. name
end

-- Functions, windows, catalogs and descriptors of later releases.
for name in ([[
    udf udtf udaf udtaf ScalarFunction TableFunction AggregateFunction TableAggregateFunction
    UserDefinedFunction FunctionContext ListView MapView Tumble Slide Session Over GroupWindow
    OverWindow GroupedTable GroupWindowedTable OverWindowedTable WindowGroupedTable AggregatedTable
    FlatAggregateTable ChangelogMode Module ModuleEntry Catalog HiveCatalog JdbcCatalog
    CatalogDatabase CatalogBaseTable CatalogPartition CatalogFunction ObjectPath Procedure
    CatalogDescriptor CatalogModel CsvTableSource CsvTableSink TableSource TableSink WriteMode
    BatchTableEnvironment Kafka Elasticsearch HBase FileSystem Csv OldCsv Json Avro Rowtime
    CustomConnectorDescriptor CustomFormatDescriptor ConnectorDescriptor FormatDescriptors
    CompiledPlan PlanReference UDFExecutionMode TimeIntervalUnit TimePointUnit JsonType
    JsonExistsOnError JsonValueOnEmptyOrError JsonQueryWrapper JsonQueryOnEmptyOrError JsonOnNull]]
):gmatch "%S+" do
    names[name] = "later"
end

return exports.package("moontide.table", names)
