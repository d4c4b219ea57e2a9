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
    ChangelogMode = "moontide.table.changelog_mode",
    UserDefinedFunction = "moontide.table.udf:UserDefinedFunction",
    ScalarFunction = "moontide.table.udf:ScalarFunction",
    TableFunction = "moontide.table.udf:TableFunction",
    udf = "moontide.table.udf:udf",
    udtf = "moontide.table.udf:udtf",
}

-- Words that are arguments of functions.
for name in ([[TimeIntervalUnit TimePointUnit JsonType JsonExistsOnError JsonValueOnEmptyOrError
    JsonQueryWrapper JsonQueryOnEmptyOrError JsonOnNull]]):gmatch "%S+" do
    names[name] = "moontide.table.words:" .. name
end

for name in ([[and_ array call call_sql coalesce col concat concat_ws current_date current_time
    current_timestamp date_format if_then_else lit map_ not_ null_of or_ range_ row
    temporal_overlaps timestamp_diff to_timestamp_ltz with_all_columns with_columns
    without_columns]]):gmatch "%S+" do
    names[name] = "moontide.table.expressions:" .. name
end

-- Functions, windows, catalogs and descriptors of later releases.
for name in ([[
    udaf udtaf AggregateFunction TableAggregateFunction FunctionContext ListView MapView Tumble
    Slide Session Over GroupWindow
    OverWindow GroupedTable GroupWindowedTable OverWindowedTable WindowGroupedTable AggregatedTable
    FlatAggregateTable Module ModuleEntry Catalog HiveCatalog JdbcCatalog
    CatalogDatabase CatalogBaseTable CatalogPartition CatalogFunction ObjectPath Procedure
    CatalogDescriptor CatalogModel CsvTableSource CsvTableSink TableSource TableSink WriteMode
    BatchTableEnvironment Kafka Elasticsearch HBase FileSystem Csv OldCsv Json Avro Rowtime
    CustomConnectorDescriptor CustomFormatDescriptor ConnectorDescriptor FormatDescriptors
    CompiledPlan PlanReference UDFExecutionMode]]
):gmatch "%S+" do
    names[name] = "later"
end

return exports.package("moontide.table", names)
