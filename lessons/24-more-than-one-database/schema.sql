CREATE TABLE sessions (
  id varbinary(32) not null primary key,
  n bigint unsigned not null auto_increment unique,
  d mediumblob,
  updated bigint,
  version int unsigned not null default 0,
  marks varbinary(128) not null default '',
  key by_age (updated)
);

CREATE VIEW crawlable AS
SELECT n, updated, LENGTH(d) AS bytes, IF(LENGTH(d) <= 1048576, d, NULL) AS d
FROM sessions
