<?php
/** Counts the sessions with an account that can read no key: php crawl.php --help */
declare(strict_types=1);

const PAGE = 100; // Rows of a statement: none is long, and at most 100 MiB are in memory
const DEEPEST = 512; // Arrays and objects inside one another, as in json_decode()

// After A, a pattern fits only at the given place. *+ and ++ give nothing back, so a long text
// costs no stack.
const NUMBER = '-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?';
const PHP_SCALAR = '/N;|b:[01];|i:-?[0-9]++;|d:(?:' . NUMBER . '|-?INF|NAN);|[rR]:[0-9]++;/A';
const PHP_STRING = '/[sE]:([0-9]{1,7}+):"/A';
const PHP_KEY = '/i:-?[0-9]++;|s:[0-9]{1,7}+:"/A';
const PHP_ARRAY = '/a:([0-9]{1,7}+):\{/A';
const PHP_CLASS = '/[OC]:([0-9]{1,7}+):"/A';
const PHP_BODY = '/":([0-9]{1,7}+):\{/A';
const JSON_SCALAR = '/true|false|null|' . NUMBER . '/A';
const JSON_STRING =
    '/"([^"\\\\\x00-\x1f]*+(?:\\\\(?:["\\\\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\\\x00-\x1f]*+)*+)"/A';

/** The bytes are not a session. */
class Malformed extends Exception
{
}

/** Returns what a pattern finds here, and moves behind it; null if it does not fit. */
function scan(string $pattern, string $d, int &$at): ?array
{
    $fits = preg_match($pattern, $d, $found, 0, $at);
    if ($fits === false) throw new Malformed();
    if ($fits === 0) return null;
    $at += strlen($found[0]);
    return $found;
}

/** Moves behind a text that must be here. */
function after(string $d, int &$at, string $text): void
{
    if ($at > strlen($d) || substr_compare($d, $text, $at, strlen($text)) !== 0) throw new Malformed();
    $at += strlen($text);
}

/** Moves behind the value of PHP that begins here. */
function php_value(string $d, int &$at, int $depth = 0): void
{
    if (scan(PHP_SCALAR, $d, $at)) return;
    if ($string = scan(PHP_STRING, $d, $at)) { // Its length counts bytes; they may be any bytes
        $at += (int) $string[1];
        after($d, $at, '";');
        return;
    }
    if ($depth === DEEPEST) throw new Malformed();
    $body = scan(PHP_ARRAY, $d, $at);
    if (!$body) {
        $name = scan(PHP_CLASS, $d, $at) ?? throw new Malformed();
        $at += (int) $name[1];
        $body = $at > strlen($d) ? null : scan(PHP_BODY, $d, $at);
        if (!$body) throw new Malformed();
        if ($name[0][0] === 'C') { // Bytes that only the class can read
            $at += (int) $body[1];
            after($d, $at, '}');
            return;
        }
    }
    for ($left = (int) $body[1]; $left > 0; $left--) {
        if (!preg_match(PHP_KEY, $d, $key, 0, $at)) throw new Malformed();
        php_value($d, $at, $depth + 1);
        php_value($d, $at, $depth + 1);
    }
    after($d, $at, '}');
}

/** count|i:1;user|s:3:"Ann"; with any bytes in a value, bars too. The names are the keys. */
function php_names(string $d): array
{
    $names = [];
    for ($at = 0; $at < strlen($d);) {
        $bar = strpos($d, '|', $at);
        if ($bar === false) throw new Malformed();
        $names[substr($d, $at, $bar - $at)] = true;
        $at = $bar + 1;
        php_value($d, $at);
    }
    return $names;
}

function space(string $d, int &$at): void
{
    $at += strspn($d, " \t\n\r", $at);
}

/** Moves behind the JSON that begins here, and adds the places of its members to $places. */
function json_value(string $d, int &$at, int $depth, array &$places = []): void
{
    if (scan(JSON_STRING, $d, $at) || scan(JSON_SCALAR, $d, $at)) return;
    $open = $d[$at] ?? '';
    if ($depth === DEEPEST || ($open !== '{' && $open !== '[')) throw new Malformed();
    $close = $open === '{' ? '}' : ']';
    $at++;
    space($d, $at);
    for ($first = true; ($d[$at] ?? '') !== $close; $first = false) {
        if (!$first) after($d, $at, ',');
        space($d, $at);
        $name = '';
        if ($open === '{') {
            $name = scan(JSON_STRING, $d, $at)[1] ?? throw new Malformed();
            space($d, $at);
            after($d, $at, ':');
            space($d, $at);
        }
        if ($depth === 0 && isset($places[$name])) throw new Malformed();
        $places[$name] = $at;
        json_value($d, $at, $depth + 1);
        space($d, $at);
    }
    $at++;
}

/** {"v":2,"data":{"count":1}}, or "php" in place of "data" for PHP's bytes. */
function json_names(string $d): array
{
    if (preg_match('//u', $d) !== 1) throw new Malformed(); // Not UTF-8
    [$at, $places] = [0, []];
    json_value($d, $at, 0, $places);
    space($d, $at);
    if ($at !== strlen($d) || count($places) !== 2) throw new Malformed();
    $at = $places['v'] ?? 0;
    if ((scan(JSON_SCALAR, $d, $at)[0] ?? '') !== '2') throw new Malformed();
    if (isset($places['php'])) {
        if (!scan(JSON_STRING, $d, $places['php'])) throw new Malformed();
        return ['$php' => true];
    }
    $at = $places['data'] ?? 0;
    if ($at === 0 || ($d[$at] !== '{' && $d[$at] !== '[')) throw new Malformed();
    $names = [];
    json_value($d, $at, 1, $names);
    return $names;
}

/** Counts one session by its format and its variables; $d is null if it is too large. */
function count_names(?string $d, array &$counts): void
{
    $is_json = str_starts_with($d ?? '', '{"v":');
    try {
        if ($d === null) throw new Malformed();
        $names = $is_json ? json_names($d) : php_names($d);
    } catch (Malformed) {
        $counts['malformed']++;
        return;
    }
    $counts[$is_json ? 'json' : ($d === '' ? 'empty' : 'php')]++;
    $counts['with count'] += (int) isset($names['count']);
    $counts['with user'] += (int) isset($names['user']);
    $counts['with other keys'] += (int) (array_diff_key($names, ['count' => 0, 'user' => 0]) !== []);
}

/** Reads every row once, page after page, and returns the census as text. */
function take_census(int $lifetime, ?int $now): string
{
    $counts = array_fill_keys([
        'rows', 'unused', 'expired', 'alive', 'alive under 1 min', 'alive under 5 min',
        'alive under 15 min', 'alive longer', 'empty', 'php', 'json', 'malformed',
        'with count', 'with user', 'with other keys', 'bytes',
    ], 0);
    $largest = [];
    $dsn = sprintf(
        'mysql:host=%s;port=%s;dbname=%s',
        getenv('CRAWL_HOST') ?: '127.0.0.1',
        getenv('CRAWL_PORT') ?: '3306',
        getenv('CRAWL_DATABASE'),
    );
    $db = new PDO($dsn, getenv('CRAWL_USER'), getenv('CRAWL_PASSWORD') ?: '', [PDO::ATTR_TIMEOUT => 5]);
    $db->exec('SET /*M! max_statement_time=2, *//*!50708 max_execution_time=2000, */ lock_wait_timeout=1');
    [$clock, $last] = $db->query('SELECT UNIX_TIMESTAMP(), COALESCE(MAX(n), 0) FROM crawlable')->fetch(PDO::FETCH_NUM);
    $now ??= (int) $clock;
    $at = 0;
    do { // Without a transaction, so without a lock
        $page = $db->query(sprintf(
            'SELECT n, updated, bytes, d FROM crawlable WHERE n > %d AND n <= %d ORDER BY n LIMIT %d',
            $at, $last, PAGE,
        ), PDO::FETCH_NUM);
        foreach ($page as [$n, $updated, $bytes, $d]) {
            $at = (int) $n;
            $counts['rows']++;
            if ($bytes === null) { // An id that was issued, and never saved
                $counts['unused']++;
                continue;
            }
            if ($updated === null || $updated < $now - $lifetime || $updated > $now + $lifetime) {
                $counts['expired']++;
                continue;
            }
            $age = $now - (int) $updated;
            $counts['alive']++;
            $counts[match (true) {
                $age < 60 => 'alive under 1 min',
                $age < 300 => 'alive under 5 min',
                $age < 900 => 'alive under 15 min',
                default => 'alive longer',
            }]++;
            $counts['bytes'] += (int) $bytes;
            $largest[] = (int) $bytes;
            rsort($largest);
            $largest = array_slice($largest, 0, 3);
            count_names($d, $counts);
        }
        $rows = $page->rowCount();
        $page = null; // Or two pages are in memory while the next one comes
    } while ($rows === PAGE);
    $text = "time: $now\n";
    foreach ($counts as $name => $count) $text .= "$name: $count\n";
    return $text . implode(' ', ['largest:', ...$largest]) . "\n\n";
}

function usage(string $problem): never
{
    $usage = <<<'TEXT'
        usage: php crawl.php (--once | --interval SECONDS) [--lifetime SECONDS] [--now TIME]

        Counts the sessions. CRAWL_USER, CRAWL_PASSWORD, CRAWL_DATABASE, CRAWL_HOST and CRAWL_PORT
        name the account. Exit codes: 0 done, or ended by SIGTERM; 1 the database failed; 2 wrong usage.

        TEXT;
    fwrite($problem === '' ? STDOUT : STDERR, $problem === '' ? $usage : "{$usage}crawl.php: $problem\n");
    exit($problem === '' ? 0 : 2);
}

// The handler runs between two instructions, or as soon as the database has answered.
pcntl_async_signals(true);
pcntl_signal(SIGTERM, static fn () => exit(0));
ini_set('mysqlnd.net_read_timeout', '5');
// PHP's usual 128 MiB are not enough for a page of the largest sessions and the names of one.
ini_set('memory_limit', '256M');

$options = ['lifetime' => 1440];
for ($i = 1; $i < $argc; $i++) {
    $name = $argv[$i];
    if ($name === '--help') usage('');
    if ($name === '--once') {
        $options['once'] = true;
        continue;
    }
    if (!in_array($name, ['--interval', '--lifetime', '--now'], true)) usage("unknown argument: $name");
    $value = $argv[++$i] ?? '';
    if (!preg_match('/^[0-9]{1,15}$/D', $value)) usage("$name must be a whole number");
    $options[substr($name, 2)] = (int) $value;
}
if (isset($options['once']) === isset($options['interval'])) usage('give --once or --interval');
foreach (['CRAWL_USER', 'CRAWL_DATABASE'] as $name) {
    if (getenv($name) === false) usage("$name is not set");
}
if (!preg_match('/^[0-9]{1,5}$/D', getenv('CRAWL_PORT') ?: '3306')) usage('CRAWL_PORT is not a number');
while (true) {
    try {
        echo take_census($options['lifetime'], $options['now'] ?? null);
    } catch (PDOException $error) {
        fwrite(STDERR, "crawl.php: {$error->getMessage()}\n");
        if (isset($options['once'])) exit(1);
    }
    if (isset($options['once'])) exit(0);
    sleep($options['interval']);
}
