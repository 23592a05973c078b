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

  public static function Write($sid, $data) {
    $vals = array("id" => $sid, // Repair 5: only the branch for new sessions knew the id.
                  "d" => $data,
                  "updated" => time());

    $sql = "SELECT COUNT(id) FROM sessions WHERE id=?";
    $sth = Sessions::$Db->prepare($sql); // Repair 6: the article writes Session::$Db.
    $sth->execute([$vals['id']]); // Repair 3 again.
    $tbl = $sth->fetchAll();

    if ($tbl[0][0] < 1) {
      // New session
      // Repair 7: columns without quotes, VALUES instead of WHERE.
      $sql = "INSERT INTO sessions (id,d,updated) VALUES (?,?,?)";
      $sth = Sessions::$Db->prepare($sql); // Repair 6 again: Sessions:$Db.
      $sth->execute([$vals['id'], $vals['d'], $vals['updated']]); // Repair 8: execute takes one array.
    } else {
      // Existing session
      $sql = "UPDATE sessions SET d=?,updated=? WHERE id=?";
      $sth = Sessions::$Db->prepare($sql);
      $sth->execute([$vals['d'], $vals['updated'], $vals['id']]); // Repair 8 again.
    }
    return True;
  }

  public static function Destroy($sid) {
    if (strlen($sid) > 0) {
      $sql = "DELETE FROM sessions WHERE id=?";
      $sth = Sessions::$Db->prepare($sql); // Repair 6 again: Sessions:$Db.
      $sth->execute([$sid]); // Repair 3 again.
    }
    return True;
  }

  public static function garbageCollect($max_life) {
    $threshold = time() - $max_life;
    $sql = "DELETE FROM sessions WHERE updated < $threshold";
    Sessions::$Db->exec($sql); // Repair 9: the statement was never sent.
    return True;
  }
}
