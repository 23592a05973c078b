<?php
/** Counts the sessions with an account that can read no key: php crawl.php --help */
declare(strict_types=1);

const PAGE = 50; // Rows of a statement; of larger sessions than 64 KiB, each has a statement of its own
const DEEPEST = 512; // Arrays and objects inside one another

// ++ and *+ give nothing back, so a long text costs no stack.
const SCALAR = 'N;|b:[01];|i:-?[0-9]++;|[rR]:[0-9]++;'
    . '|d:(?:-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?|-?INF|NAN);';

// The names of JSON without \u, but for the five that count. After a string that is not one, all is skipped.
const OTHER_NAMES = '/"(?:v|data|php|count|user)"(*SKIP)(*FAIL)'
    . '|"(?:[^"\\\\\x00-\x1f]++|\\\\["\\\\\/bfnrt])*+"(*SKIP)(?=[ \t\n\r]*+:)'
    . '|".*+(*SKIP)(*FAIL)/s';

/** The bytes are not a session. */
class Malformed extends Exception
{
}

/** Moves behind a pattern, and returns what its parentheses hold; null if it does not fit here. */
function scan(string $pattern, string $d, int &$at): ?string
{
    if (!preg_match("/$pattern/A", $d, $found, 0, $at)) return null;
    $at += strlen($found[0]);
    return $found[1] ?? '';
}

/** Moves behind a pattern that must fit here. */
function expect(string $pattern, string $d, int &$at): string
{
    return scan($pattern, $d, $at) ?? throw new Malformed();
}

/** Moves behind the value of PHP that begins here. */
function php_value(string $d, int &$at, int $depth = 0): void
{
    if (scan(SCALAR, $d, $at) !== null) return;
    $kind = expect('([sEaOC]):', $d, $at);
    if ($kind !== 'a') {
        $at += (int) expect('([0-9]{1,7}+):"', $d, $at); // So many bytes of any kind
        expect($kind === 's' || $kind === 'E' ? '";' : '":', $d, $at);
        if ($kind === 's' || $kind === 'E') return;
    }
    $length = (int) expect('([0-9]{1,7}+):\{', $d, $at);
    if ($depth === DEEPEST) throw new Malformed();
    if ($kind === 'C') $at += $length; // Bytes that only the class can read
    for ($left = $kind === 'C' ? 0 : $length; $left > 0; $left--) {
        expect('(?=[is])', $d, $at);
        php_value($d, $at, $depth + 1);
        php_value($d, $at, $depth + 1);
    }
    expect('\}', $d, $at);
}

/** count|i:1;user|s:3:"Ann"; with any bytes in a value, bars too. The names are the keys. */
function php_names(string $d): array
{
    $names = [];
    for ($at = 0; $at < strlen($d); php_value($d, $at)) {
        $name = expect('([^|]*+)\|', $d, $at);
        $names[in_array($name, ['count', 'user'], true) ? $name : ''] = true;
    }
    return $names;
}

/** {"v":2,"data":{"count":1}}, or "php" in place of "data" for PHP's bytes. */
function json_names(string $d): array
{
    // Names count as they are written: an escape must not turn into a letter.
    $text = preg_replace('/\\\\(?:\\\\|u[0-9a-fA-F]{4})/u', '\\\\\\\\', $d) ?? throw new Malformed(); // Not UTF-8
    // 70,000 names that are chosen to collide in a hash table cost PHP ten seconds. One name costs nothing.
    $text = preg_replace(OTHER_NAMES, '""', $text);
    $envelope = json_decode($text, true, DEEPEST + 1); // It counts the innermost value, too
    if (count($envelope ?? []) !== 2 || !in_array($envelope['v'] ?? null, [2, 2.0], true)) throw new Malformed();
    if (is_string($envelope['php'] ?? null)) return ['$php' => true];
    return is_array($envelope['data'] ?? null) ? $envelope['data'] : throw new Malformed();
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
    $counts['with count'] += (int) array_key_exists('count', $names);
    $counts['with user'] += (int) array_key_exists('user', $names);
    unset($names['count'], $names['user']);
    $counts['with other keys'] += (int) ($names !== []);
}

/** Yields every row once, page after page. Without a transaction there is no lock. */
function rows(PDO $db, int $last): Generator
{
    $select = 'SELECT n, updated, bytes, IF(bytes <= 65536, d, NULL) FROM crawlable'
        . ' WHERE n > %d AND n <= %d ORDER BY n LIMIT %d';
    $at = 0;
    do {
        $page = $db->query(sprintf($select, $at, $last, PAGE), PDO::FETCH_NUM);
        foreach ($page as $row) {
            $at = $row[0];
            if (isset($row[2]) && $row[3] === null) {
                $one = "SELECT n, updated, bytes, d FROM crawlable WHERE n = $at";
                $row = $db->query($one, PDO::FETCH_NUM)->fetch();
            }
            if ($row) yield array_slice($row, 1); // Else it was deleted meanwhile
        }
        $length = $page->rowCount();
    } while ($length === PAGE);
}

/** Counts every row, and returns the census as text. */
function take_census(int $lifetime, ?int $now): string
{
    $counts = array_fill_keys([
        'rows', 'unused', 'expired', 'alive', 'alive under 1 min', 'alive under 5 min',
        'alive under 15 min', 'alive longer', 'empty', 'php', 'json', 'malformed',
        'with count', 'with user', 'with other keys', 'bytes',
    ], 0);
    $largest = [];
    $host = getenv('CRAWL_HOST') ?: '127.0.0.1';
    $port = getenv('CRAWL_PORT') ?: '3306';
    $dsn = "mysql:host=$host;port=$port;dbname=" . getenv('CRAWL_DATABASE');
    $db = new PDO($dsn, getenv('CRAWL_USER'), getenv('CRAWL_PASSWORD') ?: '', [PDO::ATTR_TIMEOUT => 5]);
    $db->exec('SET /*M! max_statement_time=2, *//*!50708 max_execution_time=2000, */ lock_wait_timeout=1');
    [$clock, $last] = $db->query('SELECT UNIX_TIMESTAMP(), COALESCE(MAX(n), 0) FROM crawlable')->fetch(PDO::FETCH_NUM);
    $now ??= (int) $clock;
    foreach (rows($db, (int) $last) as [$updated, $bytes, $d]) {
        $counts['rows']++;
        if ($bytes === null) { // An id that was issued, and never saved
            $counts['unused']++;
        } elseif ($updated === null || $updated < $now - $lifetime || $updated > $now + $lifetime) {
            $counts['expired']++;
        } else {
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
    }
    $text = "time: $now\n";
    foreach ($counts as $name => $count) $text .= "$name: $count\n";
    return $text . implode(' ', ['largest:', ...$largest]) . "\n\n";
}

const USAGE = <<<'TEXT'
    usage: php crawl.php (--once | --interval SECONDS) [--lifetime SECONDS] [--now TIME]

    Counts the sessions. CRAWL_USER, CRAWL_PASSWORD, CRAWL_DATABASE, CRAWL_HOST and CRAWL_PORT
    name the account. Exit codes: 0 done, or ended by SIGTERM; 1 the database failed; 2 wrong usage.

    TEXT;

function refuse(string $problem): never
{
    fwrite(STDERR, USAGE . "crawl.php: $problem\n");
    exit(2);
}

function whole(string $name, string $value): int
{
    if (!preg_match('/^[0-9]{1,15}$/D', $value)) refuse("$name must be a whole number");
    return (int) $value;
}

// The handler runs between two instructions, or as soon as the database has answered.
pcntl_async_signals(true);
pcntl_signal(SIGTERM, static fn () => exit(0));
ini_set('mysqlnd.net_read_timeout', '5');
// The values of one session of 1 MiB can take 108 MiB, and PHP's usual limit is 128.
ini_set('memory_limit', '256M');

$options = ['lifetime' => 1440];
for ($i = 1; $i < $argc; $i++) {
    $name = $argv[$i];
    if ($name === '--help') exit(USAGE);
    if ($name === '--once') {
        $options['once'] = true;
        continue;
    }
    if (!in_array($name, ['--interval', '--lifetime', '--now'], true)) refuse("unknown argument: $name");
    $options[substr($name, 2)] = whole($name, $argv[++$i] ?? '');
}
if (isset($options['once']) === isset($options['interval'])) refuse('give --once or --interval');
foreach (['CRAWL_USER', 'CRAWL_DATABASE'] as $name) {
    if (getenv($name) === false) refuse("$name is not set");
}
whole('CRAWL_PORT', getenv('CRAWL_PORT') ?: '3306');
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
