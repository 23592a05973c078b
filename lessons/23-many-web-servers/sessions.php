<?php
// The class of this lesson in PHP: the same table, the same locks, the same cookies.

declare(strict_types=1);

/** iron-session's seal: AES-256-CBC and HMAC-SHA-256, each under a key derived from the password. */
final class Seal
{
    private const TTL = 60 * 60 * 24 * 14;
    private const SHAPE = '/^Fe26\.2\*(\d+)\*(\w+)\*([\w-]+)\*([\w-]+)\*(\d+)\*(\w+)\*([\w-]+)~2$/D';

    /** @param array<int, string> $passwords Each opens, and the one with the highest number seals. */
    public function __construct(#[\SensitiveParameter] private readonly array $passwords)
    {
        foreach ($passwords ?: [''] as $password) {
            if (strlen($password) < 32) throw new LengthException('SESSION_PASSWORDS: 32 characters or more');
        }
    }

    /** Opens a seal and returns its token; '' if the seal is invalid. */
    public function open(#[\SensitiveParameter] string $seal): string
    {
        if (strlen($seal) > 500 || !preg_match(self::SHAPE, $seal, $part)) return '';
        [, $number, $salt, $iv, $sealed, $until, $macSalt, $mac] = $part;
        $password = $this->passwords[(int) $number] ?? '';
        $text = substr($seal, 0, strrpos($seal, "*$macSalt*"));
        if ($password === '' || !hash_equals(self::mac($text, $password, $macSalt), $mac)) return '';
        if ((int) $until / 1000 <= time() - 60) return '';
        $json = openssl_decrypt(self::bytes($sealed), 'aes-256-cbc', self::key($password, $salt),
            OPENSSL_RAW_DATA, self::bytes($iv));
        $token = json_decode((string) $json, true)['token'] ?? '';
        return preg_match('/^[\w-]{43}$/D', $token) ? $token : '';
    }

    /** Seals a token under the newest password. */
    public function make(#[\SensitiveParameter] string $token): string
    {
        $number = max(array_keys($this->passwords));
        $password = $this->passwords[$number];
        [$salt, $macSalt, $iv] = [bin2hex(random_bytes(32)), bin2hex(random_bytes(32)), random_bytes(16)];
        $sealed = openssl_encrypt(json_encode(['token' => $token]), 'aes-256-cbc',
            self::key($password, $salt), OPENSSL_RAW_DATA, $iv);
        $until = (time() + self::TTL) * 1000;
        $text = "Fe26.2*$number*$salt*" . self::text($iv) . '*' . self::text($sealed) . "*$until";
        return "$text*$macSalt*" . self::mac($text, $password, $macSalt) . '~2';
    }

    private static function key(#[\SensitiveParameter] string $password, string $salt): string
    {
        return hash_pbkdf2('sha1', $password, $salt, 1, 32, true);
    }

    private static function mac(string $text, #[\SensitiveParameter] string $password, string $salt): string
    {
        return self::text(hash_hmac('sha256', $text, self::key($password, $salt), true));
    }

    public static function text(string $bytes): string
    {
        return rtrim(strtr(base64_encode($bytes), '+/', '-_'), '=');
    }

    private static function bytes(string $text): string
    {
        return (string) base64_decode(strtr($text, '-_', '+/'));
    }
}

/** Sessions in the table, locked from Read to Close. */
final class MySQLSessions implements SessionHandlerInterface, SessionIdInterface, SessionUpdateTimestampHandlerInterface
{
    private const MAX_WAIT = 10;
    private const MAX_BYTES = 1_048_576;

    /** Set from the request's first id on, until close(). */
    private bool $locked = false;
    private bool $waited = false;
    /** @var array{string, ?array}|null The id that was looked for, and its row. */
    private ?array $found = null;

    public function __construct(private readonly PDO $db, private readonly Seal $seal) {}

    public function open(string $path, string $name): bool
    {
        return true;
    }

    public function close(): bool
    {
        $this->db->query('SELECT RELEASE_ALL_LOCKS()')->fetch();
        [$this->locked, $this->waited, $this->found] = [false, false, null];
        return true;
    }

    public function read(#[\SensitiveParameter] string $id): string
    {
        $data = $this->find($id)['d'] ?? '';
        return str_starts_with($data, '{"v":') ? self::fromJson($data) : $data;
    }

    public function write(#[\SensitiveParameter] string $id, string $data): bool
    {
        if (strlen($data) > self::MAX_BYTES) throw new LengthException(strlen($data) . ' bytes to save');
        $row = $this->found[1] ?? null;
        if ($row === null && $data === '') return true; // Nothing was read, nothing is lost
        $this->change('d=?, updated=UNIX_TIMESTAMP(), version=version+1', [$data], $row);
        return true;
    }

    public function updateTimestamp(#[\SensitiveParameter] string $id, string $data): bool
    {
        $row = $this->found[1] ?? null;
        if ($row !== null) $this->change('updated=UNIX_TIMESTAMP()', [], $row);
        return true;
    }

    public function destroy(#[\SensitiveParameter] string $id): bool
    {
        $this->run('DELETE FROM sessions WHERE id=?', [self::rowKey($this->seal->open($id))]);
        return true;
    }

    public function gc(int $max_lifetime): int
    {
        if ($max_lifetime < 0) throw new ValueError("max_lifetime must be 0 or more, got $max_lifetime");
        $name = "SHA2(CONCAT('reaper ', DATABASE()), 256)";
        if ($this->run("SELECT GET_LOCK($name, 0)")->fetchColumn() != 1) return 0;
        $this->db->exec('SET TRANSACTION ISOLATION LEVEL READ COMMITTED');
        $sql = 'DELETE FROM sessions WHERE updated < UNIX_TIMESTAMP() - ?';
        $deleted = $this->run($sql, [$max_lifetime])->rowCount();
        $this->run("SELECT RELEASE_LOCK($name)")->fetch();
        return $deleted;
    }

    public function create_sid(): string
    {
        $token = Seal::text(random_bytes(32));
        $this->lock($token);
        $sql = 'INSERT INTO sessions (id, updated) VALUES (?, UNIX_TIMESTAMP())';
        $this->run($sql, [self::rowKey($token)]);
        return $this->seal->make($token);
    }

    public function validateId(#[\SensitiveParameter] string $id): bool
    {
        $row = $this->find($id);
        return $row === null ? $this->waited : $row['d'] !== null;
    }

    /**
     * Writes a session that a newer server has saved as JSON in PHP's notation. PHP deletes a session
     * that it cannot read, so everything else is refused here: the row stays for that server.
     */
    private static function fromJson(string $json): string
    {
        // 60,000 names that are chosen to collide in a hash table cost PHP seven seconds, 10,000 a tenth.
        $decoded = substr_count($json, '":') <= 10_000 ? json_decode($json, true) : null;
        ['v' => $version, 'data' => $data] = ($decoded ?? []) + ['v' => 0, 'data' => null];
        // A value with a tag, such as a float, is not read here.
        $isKnown = $version === 2 && is_array($data) && !str_contains($json, '"$php"');
        $names = $isKnown ? array_keys($data) : [];
        if (!$isKnown || preg_grep('/^!|\|/', $names)) {
            throw new RuntimeException('The session is in a format that this server does not read');
        }
        return implode(array_map(fn($name) => "$name|" . serialize($data[$name]), $names));
    }

    /** Locks the session and finds its row; null if it is not alive. */
    private function find(#[\SensitiveParameter] string $id): ?array
    {
        if ($this->found !== null && $this->found[0] === $id) return $this->found[1];
        $token = $this->seal->open($id);
        if ($token === '') return null;
        $this->lock($token);
        $sql = 'SELECT * FROM sessions WHERE id=? AND ABS(updated - UNIX_TIMESTAMP()) <= ?';
        $life = (int) ini_get('session.gc_maxlifetime');
        $row = $this->run($sql, [self::rowKey($token), $life])->fetch() ?: null;
        $this->found = [$id, $row];
        return $row;
    }

    private function lock(#[\SensitiveParameter] string $token): void
    {
        if ($this->locked) return;
        $name = hash('sha256', "lock $token");
        $sql = 'SELECT IS_USED_LOCK(?) AS holder, GET_LOCK(?,?) AS got';
        $row = $this->run($sql, [$name, $name, self::MAX_WAIT])->fetch();
        $this->waited = $row['holder'] !== null;
        if ($row['got'] != 1) throw new RuntimeException('The session was busy for ' . self::MAX_WAIT . ' s');
        $this->locked = true;
    }

    /** Saves, unless the session was changed or ended since this request has read it. */
    private function change(string $set, array $values, ?array $row): void
    {
        $sql = "UPDATE sessions SET $set WHERE id=? AND version=?";
        if ($row === null || $this->run($sql, [...$values, $row['id'], $row['version']])->rowCount() !== 1) {
            throw new RuntimeException('The session was changed or ended before it was saved');
        }
    }

    private function run(string $sql, array $values = []): PDOStatement
    {
        $statement = $this->db->prepare($sql);
        $statement->execute($values);
        return $statement;
    }

    private static function rowKey(#[\SensitiveParameter] string $token): string
    {
        return hash('sha256', $token, true);
    }
}

/** Registers the class, as initCallbacks does. */
function start_sessions(): void
{
    $url = parse_url((string) getenv('DATABASE_URL'));
    $port = $url['port'] ?? 3306;
    $dsn = "mysql:host={$url['host']};port=$port;charset=utf8mb4;dbname=" . trim($url['path'], '/');
    // PHP 8.5 deprecates the older name.
    $found_rows = PHP_VERSION_ID < 80400 ? PDO::MYSQL_ATTR_FOUND_ROWS : Pdo\Mysql::ATTR_FOUND_ROWS;
    $db = new PDO($dsn, urldecode($url['user']), urldecode($url['pass'] ?? ''), [
        PDO::ATTR_DEFAULT_FETCH_MODE => PDO::FETCH_ASSOC,
        $found_rows => true, // rowCount() counts the rows that were found, changed or not
    ]);
    $seal = new Seal(json_decode((string) getenv('SESSION_PASSWORDS'), true) ?? []);
    session_set_save_handler(new MySQLSessions($db, $seal));
    session_set_cookie_params(['lifetime' => 60 * 60 * 24 * 14, 'path' => '/', 'secure' => true,
        'httponly' => true, 'samesite' => 'Lax']);
    ini_set('session.use_strict_mode', '1');
    session_name('__Host-MySession');
    if (!session_start()) throw new RuntimeException('The session could not be started');
}
