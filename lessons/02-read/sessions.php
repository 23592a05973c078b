<?php
// The article's class as far as this lesson, with the smallest repairs that make it run.
// Each repair is numbered; the walkthroughs explain them under the same numbers.

class Sessions {
  public static $Db = null;
  public static $SessionName = "MySession";

  public static function Open($path, $session_name) {
    if (Sessions::$Db == null) {
      // Repair 1: server and password come from the environment, not from the class.
      $url = parse_url(getenv('DATABASE_URL'));
      $dsn = "mysql:host={$url['host']};port={$url['port']};charset=utf8mb4;dbname=" . trim($url['path'], '/');
      // Repair 2: the semicolon above and the closing braces below were lost.
      Sessions::$Db = new PDO($dsn, urldecode($url['user']), urldecode($url['pass'] ?? ''));
    }
    return True;
  }

  public static function Close() {
    if (Sessions::$Db != null) {
      Sessions::$Db = null;
    }
    return True;
  }

  public static function Read($sid) {
    $sql = "SELECT * FROM sessions WHERE id=?";
    $sth = Sessions::$Db->prepare($sql);
    $sth->execute([$sid]); // Repair 3: prepared, but never executed.
    $tbl = $sth->fetchAll();
    return $tbl[0]["d"] ?? ""; // Repair 4: no row is an empty session, not null.
  }
}
