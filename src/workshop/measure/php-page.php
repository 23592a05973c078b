<?php
// The counter page in PHP. SESSIONS names the article's class, which registers itself; without it
// PHP keeps the session in a file.
if (getenv('SESSIONS') !== false) require getenv('SESSIONS');
session_start();

if (strtok($_SERVER['REQUEST_URI'], '?') === '/whoami') {
  $user = $_SESSION['user'] ?? null;
  echo $user === null ? "<p>Nobody is signed in</p>\n" : "<p>Signed in</p>\n";
} else {
  $_SESSION['count'] = ($_SESSION['count'] ?? 0) + 1;
  echo "<p>Count: {$_SESSION['count']}</p>\n";
}
