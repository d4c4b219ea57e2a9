CREATE TEMPORARY TABLE IF NOT EXISTS `a`.b.c (
  id BIGINT NOT NULL COMMENT 'the id', name VARCHAR(10), price DECIMAL(10, 2),
  at TIMESTAMP(3) METADATA FROM 'timestamp' VIRTUAL, part INT METADATA,
  total AS price * (1 + id) / 2, tags ARRAY<STRING>, m MAP<STRING, ROW<x INT, y TIME(3)>>,
  WATERMARK FOR at AS at - INTERVAL '5' SECOND,
  PRIMARY KEY (id) NOT ENFORCED
) COMMENT 'a table' PARTITIONED BY (name) WITH ('connector' = 'kafka', 'topic' = 'it''s')
