CREATE TABLE sessions (
  id int auto_increment not null primary key, 
  d text,
  updated int
