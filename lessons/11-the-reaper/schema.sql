CREATE TABLE sessions (
  id varbinary(32) not null primary key,
  d text,
  updated int,
  key by_age (updated)
)
