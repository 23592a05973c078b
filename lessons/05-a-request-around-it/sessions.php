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

  // Repair 10: PHP's own ids do not fit into an int column; a row's number does.
  public static function createId() {
    $sql = "INSERT INTO sessions (d,updated) VALUES (?,?)";
    $sth = Sessions::$Db->prepare($sql);
    $sth->execute(["", time()]);
    return Sessions::$Db->lastInsertId();
  }

  public static function initCallbacks() {
    // Repair 11: the list of callbacks was lost; the seventh is repair 10.
    $rc = session_set_save_handler(
      array("Sessions", "Open"),
      array("Sessions", "Close"),
      array("Sessions", "Read"),
      array("Sessions", "Write"),
      array("Sessions", "Destroy"),
      array("Sessions", "garbageCollect"),
      array("Sessions", "createId")
    );

    if ($rc === False) {
      error_log("Could not set session handlers."); // Repair 12: there is no Utils::Logger here.
      return False;
    }

    $cookie_args = array(60*60*24*14, // Lifetime in seconds
             "/", // Domain path
             "", // Domain where valid
             False, // Send cookie over unsecure connections
             False); // httponly
    // Repair 13: what used the list, and the name, was lost.
    call_user_func_array("session_set_cookie_params", $cookie_args);
    session_name(Sessions::$SessionName);

    return True;
  }
}

// When the file is included, it installs the handlers.
Sessions::initCallbacks();
