CREATE TABLE sessions (
  id varbinary(32) not null primary key,
  d mediumblob,
  updated bigint,
  key by_age (updated)
)
