<?php
session_start();
$_SESSION["count"] = ($_SESSION["count"] ?? 0) + 1;
?>
<p>Count: <?=$_SESSION["count"]?></p>
