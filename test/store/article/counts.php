<?php
// Counts in a session, again and again, by the article's own class: php counts.php ID TIMES KEY [lock].
[, $id, $times, $key] = $argv;
$lock = $argv[4] ?? '';
require getenv('ARTICLE_CLASS');

$url = parse_url(getenv('DATABASE_URL'));
$schema = trim($url['path'], '/');
// The lock of the store's strategy `lock`; the class itself has none.
$name = hash('sha256', "$schema\0`sessions`\0" . bin2hex($id));
$dsn = "mysql:host={$url['host']};port={$url['port']};dbname=$schema";
$db = new PDO($dsn, urldecode($url['user']), urldecode($url['pass'] ?? ''));

for ($time = 0; $time < (int) $times; $time++) {
  if ($lock) $db->query("SELECT GET_LOCK('$name', 30)")->fetch();
  session_id($id);
  session_start(['use_cookies' => 0, 'cache_limiter' => '']);
  $_SESSION[$key] = ($_SESSION[$key] ?? 0) + 1;
  session_write_close();
  if ($lock) $db->query("SELECT RELEASE_LOCK('$name')")->fetch();
}
