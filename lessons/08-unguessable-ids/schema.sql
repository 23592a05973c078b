CREATE TABLE sessions (
  id varbinary(64) not null primary key,
  d text,
  updated int
)
