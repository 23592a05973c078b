CREATE TABLE sessions (
  id varbinary(64) not null primary key,
  d text,
  updated int
);

CREATE TABLE session_numbers (
  n int auto_increment not null primary key
)
