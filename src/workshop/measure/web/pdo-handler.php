<?php
// A handler over PDO that locks the session's row, as Symfony's does; for php-page.php.
final class LockedRows implements SessionHandlerInterface
{
  private PDO $db;

  public function open(string $path, string $name): bool
  {
    $url = parse_url(getenv('DATABASE_URL'));
    $this->db = new PDO(
      "mysql:host={$url['host']};port={$url['port']};dbname=" . ltrim($url['path'], '/'),
      urldecode($url['user']),
      urldecode($url['pass'] ?? ''),
      [PDO::ATTR_PERSISTENT => true, PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION],
    );
    return true;
  }

  public function read(string $id): string|false
  {
    $this->db->beginTransaction();
    $found = $this->db->prepare('SELECT d FROM php_sessions WHERE id=? AND expires>? FOR UPDATE');
    $found->execute([$id, time()]);
    return (string) $found->fetchColumn();
  }

  public function write(string $id, string $data): bool
  {
    return $this->db->prepare(
      'INSERT INTO php_sessions (id,d,expires) VALUES (?,?,?) ' .
        'ON DUPLICATE KEY UPDATE d=VALUES(d),expires=VALUES(expires)',
    )->execute([$id, $data, time() + 1440]);
  }

  public function close(): bool
  {
    return !$this->db->inTransaction() || $this->db->commit();
  }

  public function destroy(string $id): bool
  {
    return $this->db->prepare('DELETE FROM php_sessions WHERE id=?')->execute([$id]);
  }

  public function gc(int $lifetime): int|false
  {
    return 0;
  }
}
session_set_save_handler(new LockedRows(), true);
