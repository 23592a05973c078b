CREATE TABLE sessions (
  id varbinary(32) not null primary key,
  d mediumblob,
  updated bigint,
  version int unsigned not null default 0,
  key by_age (updated)
)
