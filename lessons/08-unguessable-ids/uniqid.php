<?php

// uniqid() is the time, in hexadecimal: eight digits of seconds, five of microseconds.
$before = time();
$id = uniqid();
$after = time();

$seconds = hexdec(substr($id, 0, 8));
$microseconds = hexdec(substr($id, 8));
$isNow = $before <= $seconds && $seconds <= $after && $microseconds < 1000000;

printf("uniqid(): %d digits, all of them the time: %s\n", strlen($id), $isNow ? 'yes' : 'no');
printf("PHP's own id: %d digits, %d random bits each\n",
    strlen(session_create_id()), ini_get('session.sid_bits_per_character'));
