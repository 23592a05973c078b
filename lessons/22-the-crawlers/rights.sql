CREATE USER crawler IDENTIFIED BY 'a password of its own'
  WITH MAX_USER_CONNECTIONS 5 /*M! MAX_STATEMENT_TIME 2 */;

GRANT SELECT ON crawlable TO crawler
