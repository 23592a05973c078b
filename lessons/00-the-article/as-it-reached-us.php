<?php
class Sessions {
  public static $Db = null;
  public static $SessionName = "MySession";

  public static function Open($path, $session_name) {
    if (Sessions::$Db == null) {
      $dsn = 'mysql:host=localhost;dbname=myapp'
      Sessions::$Db = new PDO($dsn, 'db_user', 'db_pass');
    return True;

  public static function Close() {
    if (Sessions::$Db != null) {
      Sessions::$Db = null;
    return True;

  public static function Read($sid) {
    $sql = "SELECT * FROM sessions WHERE id=?";
    $sth = Sessions::$Db->prepare($sql);
    $tbl = $sth->fetchAll();
    return $tbl[0]["d"];

  public static function Write($sid, $data) {
    $vals = array("d"=>$data,
          "updated" => time());

    $sql = "SELECT COUNT(id) FROM sessions WHERE id=?";
    $sth = Session::$Db->prepare($sql);
    $tbl = $sth->fetchAll();

    if ($tbl[0][0] < 1) {
    // New session
    $vals["id"] = $sid;
        $sql = "INSERT INTO sessions ('id','d','updated') WHERE (?,?,?)";
        $sth = Sessions:$Db->prepare($sql);
        $sth->execute($vals['id'], $vals['d'], $vals['updated']);
      } else {
        // Existing session
        $sql = "UPDATE sessions SET d=?,updated=? WHERE id=?";
        $sth = Sessions::$Db->prepare($sql);
        $sth->execute($vals['d'], $vals['updated'], $vals['id']);
    return True;

  public static function Destroy($sid) {
    if (strlen($sid) > 0) {
      $sql = "DELETE FROM sessions WHERE id=?";
      $sth = Sessions:$Db->prepare($sql);
    return True;

  public static function garbageCollect($max_life) {
    $threshold = time() - $max_life;
    $sql = "DELETE FROM sessions WHERE updated < $threshold";
    return True;

  public static function initCallbacks() {
    $rc = session_set_save_handler(

    if ($rc === False) {
      Utils::Logger("Could not set session handlers.");

    $cookie_args = array(60*60*24*14, // Lifetime in seconds
             "/", // Domain path
             "", // Domain where valid
             False, // Send cookie over unsecure connections
             False, // httponly

    return True;
