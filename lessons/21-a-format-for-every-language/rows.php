<?php

// Writes one session in the three notations of PHP, as JSON in which each character is one byte.
class User {
    public string $name = 'Ann';
    protected string $role = 'admin';
    private int $pin = 7;
}

$user = new User();
$session = [
    'count' => 1,
    'price' => 1.0,
    'code' => '1',
    'user' => 'Zoë|role|s:5:"admin";',
    'photo' => "\xff\xfe\0",
    'big' => 9007199254740993,
    'tiny' => [INF, -0.0, 1.0E+25, 0.1],
    'cart' => [['tea', 2], ['cake', ['slices' => 3]], []],
    'seats' => [7 => true, 'a' => null],
    'account' => $user,
    'owner' => $user,
    '__proto__' => ['admin' => true],
];

foreach (['php', 'php_binary', 'php_serialize'] as $format) {
    session_id('rows');
    session_start(['serialize_handler' => $format, 'use_cookies' => 0, 'cache_limiter' => '']);
    $_SESSION = $session;
    $bytes = session_encode();
    session_abort();
    $escape = fn (array $byte): string => sprintf('\u%04x', ord($byte[0]));
    $lines[] = "  \"$format\": \"" . preg_replace_callback('/[^ -~]|["\\\\]/', $escape, $bytes) . '"';
}
echo "{\n", implode(",\n", $lines), "\n}\n";
