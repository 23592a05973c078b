<?php

// Tries what the text says of session_encode() and session_decode(), with a handler of one row.
class Row extends SessionHandler {
    public string $row = '';
    public ?Closure $reads = null, $writes = null;

    public function open($path, $name): bool { return true; }
    public function close(): bool { return true; }
    public function gc($max_life): int { return 0; }
    public function destroy($id): bool { return true; }
    public function create_sid(): string { return 'row'; }
    public function read($id): string { return $this->reads ? ($this->reads)($this->row) : $this->row; }
    public function write($id, $data): bool {
        $this->row = $this->writes ? ($this->writes)($data) : $data;
        return true;
    }
}

$handler = new Row();
session_set_save_handler($handler);
$start = fn (string $format) => session_start(
    ['serialize_handler' => $format, 'use_cookies' => 0, 'cache_limiter' => '', 'gc_probability' => 0]
);
$show = fn (mixed $value): string => json_encode($value, JSON_UNESCAPED_UNICODE);

$start('php');
try {
    session_encode(['name' => 'Ann']);
} catch (ArgumentCountError $error) {
    $lines[] = 'an argument: ' . $error->getMessage();
}
$_SESSION['name'] = 'Zoë';
$handler->writes = function (string $data) use (&$lines): string {
    $lines[] = 'write() is given ' . $data . ' and session_encode() returns ' . session_encode();
    return $data;
};
session_write_close();

$handler->writes = null;
foreach (['php' => 'name|s:3:"Ann";', 'php_serialize' => 'a:1:{s:4:"name";s:3:"Ann";}'] as $format => $row) {
    $handler->reads = function () use ($row): string {
        $_SESSION = ['name' => 'Mallory', 'role' => 'admin'];
        return $row;
    };
    $start($format);
    $lines[] = "read() fills \$_SESSION itself and returns $row: " . $show($_SESSION);
    session_abort();
}

$handler->row = '{"count":1,"name":"Zoë"}';
$handler->reads = function (string $row): string {
    $_SESSION = json_decode($row, true);
    return session_encode();
};
$handler->writes = fn (string $data): string => $show($_SESSION);
$start('php');
$_SESSION['count']++;
session_write_close();
$lines[] = 'JSON in the row, by way of $_SESSION: ' . $handler->row;
$lines[] = 'and what JSON has no word for, "\xff": ' . var_export(json_encode(['photo' => "\xff"]), true);
echo implode("\n", $lines), "\n";
