<?php
// The other side of the comparison: follows plans, judges bytes, reads sessions. Each line of
// FUZZ_INPUT is one case, each line it prints is one answer.

// The data is read without an application's classes, as in this library.
if (in_array(FUZZ_TASK, ['serialize', 'encode'], true)) {
  #[AllowDynamicProperties] class Fuzz_Plain { public $open; protected $guarded; private $hidden; }
  class Fuzz_Grown extends Fuzz_Plain { private $hidden; }
}
enum Fuzz_Suit { case Hearts; case Spades; }

function fuzz_build(array $plan, array &$objects, array &$shared): mixed {
  switch ($plan['kind']) {
    case 'null': return null;
    case 'bool': return $plan['value'];
    case 'int': return (int) $plan['value'];
    case 'float': return unpack('E', hex2bin($plan['hex']))[1];
    case 'string': return hex2bin($plan['hex']);
    case 'enum': return constant('Fuzz_Suit::' . $plan['case']);
    case 'same': return $objects[$plan['id']] ?? null;
    case 'array':
      $array = [];
      foreach ($plan['elements'] as [$key, $element]) {
        $name = isset($key['int']) ? (int) $key['int'] : hex2bin($key['hex']);
        if ($element['kind'] === 'shared') {
          fuzz_share($element, $objects, $shared);
          $array[$name] = &$shared[$element['id']];
        } else $array[$name] = fuzz_build($element, $objects, $shared);
      }
      return $array;
    case 'object':
      $object = new $plan['class'];
      $objects[$plan['id']] = $object;
      foreach ($plan['properties'] as [$hex, $element]) {
        $name = hex2bin($hex);
        $scope = $plan['class'];
        if ($name !== '' && $name[0] === "\0") {
          [, $scope, $name] = explode("\0", $name);
          if ($scope === '*') $scope = 'Fuzz_Plain';
        }
        if ($element['kind'] === 'shared') {
          fuzz_share($element, $objects, $shared);
          $set = function (&$value) use ($name) { $this->{$name} = &$value; };
          Closure::bind($set, $object, $scope === 'stdClass' ? null : $scope)($shared[$element['id']]);
        } else {
          $set = function ($value) use ($name) { $this->{$name} = $value; };
          $value = fuzz_build($element, $objects, $shared);
          Closure::bind($set, $object, $scope === 'stdClass' ? null : $scope)($value);
        }
      }
      return $object;
  }
}

function fuzz_share(array $plan, array &$objects, array &$shared): void {
  if (array_key_exists($plan['id'], $shared)) return;
  $shared[$plan['id']] = null;
  $value = fuzz_build($plan['value'] ?? ['kind' => 'null'], $objects, $shared);
  $shared[$plan['id']] = $value;
}

function fuzz_value(string $json): mixed {
  $objects = [];
  $shared = [];
  return fuzz_build(json_decode($json, true, 4096), $objects, $shared);
}

final class Fuzz_Handler implements SessionHandlerInterface {
  public string $data = '';
  public function open($path, $name): bool { return true; }
  public function close(): bool { return true; }
  public function read($id): string { return $this->data; }
  public function write($id, $data): bool { return true; }
  public function destroy($id): bool { return true; }
  public function gc($max): int { return 0; }
}

ini_set('html_errors', '0');
$messages = [];
set_error_handler(function (int $level, string $text) use (&$messages): bool {
  $messages[] = "$level $text";
  return true;
});
$answers = [];
foreach (file(FUZZ_INPUT, FILE_IGNORE_NEW_LINES) as $line) {
  $messages = [];
  $result = '';
  try {
    if (FUZZ_TASK === 'serialize') $result = serialize(fuzz_value(base64_decode($line)));
    elseif (FUZZ_TASK === 'unserialize') {
      $bytes = base64_decode($line);
      $value = unserialize($bytes);
      // PHP's own writer has no end for a reference that only its own value holds.
      $result = str_contains($bytes, 'R:') ? '' : serialize($value);
    }
    else {
      [$format, $data] = explode(' ', $line);
      ini_set('session.serialize_handler', $format);
      $handler ??= new Fuzz_Handler();
      $handler->data = FUZZ_TASK === 'encode' ? '' : base64_decode($data);
      session_set_save_handler($handler, false);
      session_id('fuzz');
      $_SESSION = [];
      session_start(['use_cookies' => 0, 'cache_limiter' => '']);
      if (FUZZ_TASK === 'encode') $_SESSION = fuzz_value(base64_decode($data));
      $isEndless = str_contains($handler->data, 'R:');
      $isActive = session_status() === PHP_SESSION_ACTIVE;
      $encoded = $isActive && !$isEndless ? session_encode() : false;
      $result = $encoded === false ? '!' : "=$encoded";
      if (session_status() === PHP_SESSION_ACTIVE) session_abort();
    }
  } catch (Throwable $thrown) {
    $messages[] = '0 ' . get_class($thrown) . ': ' . $thrown->getMessage();
  }
  $answers[] = base64_encode($result) . ' ' . base64_encode(implode("\n", $messages));
}
echo implode("\n", $answers);
