<?php

// uniqid() is the time, in hexadecimal: eight digits of seconds, five of microseconds.
$before = microtime(true);
$id = uniqid();
$after = microtime(true);

$then = hexdec(substr($id, 0, 8)) + hexdec(substr($id, 8)) / 1e6;
$isNow = $before - 0.00001 < $then && $then < $after + 0.00001;

printf("uniqid(): %d digits, all of them the time: %s\n", strlen($id), $isNow ? 'yes' : 'no');
printf("PHP's own id: %d digits, %d random bits each\n",
    strlen(session_create_id()), ini_get('session.sid_bits_per_character'));
