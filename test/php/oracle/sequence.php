<?php
// Performs one request of a sequence and notes all that happens; in-node.ts does the same in Node.
// The constants FOLDER, SCENARIO and REQUEST are set by in-php.ts.

/** A value as JSON: bytes that are no UTF-8, floats, objects and keys keep what they are. */
function freeze($value) {
  if (is_string($value)) {
    return preg_match('//u', $value) ? $value : ['$' => 'bytes', 'hex' => bin2hex($value)];
  }
  if (is_float($value)) return ['$' => 'float', 'text' => var_export($value, true)];
  if (is_object($value)) return ['$' => 'object', 'class' => get_class($value)];
  if (!is_array($value)) return $value;
  if (array_is_list($value)) return array_map('freeze', $value);
  $pairs = [];
  foreach ($value as $key => $each) $pairs[] = [freeze((string) $key), freeze($each)];
  return ['$' => 'array', 'pairs' => $pairs];
}

/** The way back, for the arguments and answers of a scenario. */
function thaw($value) {
  if (!is_array($value)) return $value;
  switch ($value['$'] ?? null) {
    case 'bytes': return hex2bin($value['hex']);
    case 'float': return (float) $value['text'];
    case 'object': return new $value['class'];
    case 'function': return fn() => true;
  }
  return array_map('thaw', $value);
}

function note(...$entry) {
  $flags = JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE;
  file_put_contents(FOLDER . '/log', json_encode($entry, $flags) . "\n", FILE_APPEND);
}

set_error_handler(function ($level, $text) {
  if (!(error_reporting() & $level)) return true;
  $names = [E_WARNING => 'E_WARNING', E_NOTICE => 'E_NOTICE', E_DEPRECATED => 'E_DEPRECATED'];
  note('message', $names[$level] ?? $level, freeze($text));
  foreach (SCENARIO['onMessage'] ?? [] as $step) perform($step);
  if (SCENARIO['strictErrors'] ?? false) throw new ErrorException($text);
  return true;
});

// Messages of auto_start came before there was a handler for them.
if ($last = error_get_last()) note('message', 'E_WARNING', freeze($last['message']));

/** The rows of the handlers, for all requests of a scenario; globals are gone when PHP saves late. */
class Rows {
  static $all;
  static function open() {
    self::$all = REQUEST === 0 ? thaw(SCENARIO['store'] ?? []) : unserialize(file_get_contents(FOLDER . '/rows'));
    self::keep();
  }
  static function keep() { file_put_contents(FOLDER . '/rows', serialize(self::$all)); }
  static function write($id, $data) { self::$all[$id] = $data; self::keep(); return true; }
  static function destroy($id) { unset(self::$all[$id]); self::keep(); return true; }
}
Rows::open();

/** The behaviour of every handler, unless the scenario replaces a return value. */
class Memory {
  public $answers = [];
  function run($name, $values, $default) {
    note('callback', $name, freeze($values));
    if (!array_key_exists($name, $this->answers)) return $default();
    $answer = $this->answers[$name];
    if (is_array($answer) && isset($answer['inTurn'])) {
      $list = &$this->answers[$name]['inTurn'];
      $answer = count($list) > 1 ? array_shift($list) : $list[0];
      if ($answer === 'own') return $default();
    }
    if (is_array($answer) && isset($answer['does'])) {
      // Once: such a callback may be the first that its own steps lead to.
      $steps = $this->answers[$name]['does'];
      $this->answers[$name]['does'] = [];
      foreach ($steps as $step) perform($step);
      if (!array_key_exists('answer', $answer)) return $default();
      $answer = $answer['answer'];
    }
    if (is_array($answer) && isset($answer['throws'])) throw new Exception($answer['throws']);
    return thaw($answer);
  }
  function open($path, $name) { return $this->run('open', [$path, $name], fn() => true); }
  function close() { return $this->run('close', [], fn() => true); }
  function read($id) { return $this->run('read', [$id], fn() => Rows::$all[$id] ?? ''); }
  function write($id, $data) { return $this->run('write', [$id, $data], fn() => Rows::write($id, $data)); }
  function destroy($id) { return $this->run('destroy', [$id], fn() => Rows::destroy($id)); }
  function gc($max) { return $this->run('gc', [$max], fn() => 0); }
  function make() { return $this->run('create_sid', [], fn() => 'made' . count(Rows::$all)); }
  function check($id) { return $this->run('validate_sid', [$id], fn() => isset(Rows::$all[$id])); }
  function touch($id, $data) { return $this->run('update_timestamp', [$id, $data], fn() => true); }
}

class LooseHandler implements SessionHandlerInterface {
  public $m;
  #[ReturnTypeWillChange] function open($path, $name) { return $this->m->open($path, $name); }
  #[ReturnTypeWillChange] function close() { return $this->m->close(); }
  #[ReturnTypeWillChange] function read($id) { return $this->m->read($id); }
  #[ReturnTypeWillChange] function write($id, $data) { return $this->m->write($id, $data); }
  #[ReturnTypeWillChange] function destroy($id) { return $this->m->destroy($id); }
  #[ReturnTypeWillChange] function gc($max) { return $this->m->gc($max); }
}
class IdHandler extends LooseHandler { function create_sid() { return $this->m->make(); } }
class CheckHandler extends LooseHandler { function validateId($id) { return $this->m->check($id); } }
class TouchHandler extends LooseHandler { function updateTimestamp($id, $data) { return $this->m->touch($id, $data); } }
class IdCheckHandler extends IdHandler { function validateId($id) { return $this->m->check($id); } }
class IdTouchHandler extends IdHandler { function updateTimestamp($id, $data) { return $this->m->touch($id, $data); } }
class CheckTouchHandler extends CheckHandler { function updateTimestamp($id, $data) { return $this->m->touch($id, $data); } }
class FullHandler extends IdHandler {
  function validateId($id) { return $this->m->check($id); }
  function updateTimestamp($id, $data) { return $this->m->touch($id, $data); }
}
class InterfaceHandler extends LooseHandler implements SessionIdInterface, SessionUpdateTimestampHandlerInterface {
  #[ReturnTypeWillChange] function create_sid() { return $this->m->make(); }
  #[ReturnTypeWillChange] function validateId($id) { return $this->m->check($id); }
  #[ReturnTypeWillChange] function updateTimestamp($id, $data) { return $this->m->touch($id, $data); }
}
class ParentHandler extends SessionHandler {
  public $m;
  #[ReturnTypeWillChange] function open($path, $name) { return $this->m->run('open', [$path, $name], fn() => parent::open($path, $name)); }
  #[ReturnTypeWillChange] function close() { return $this->m->run('close', [], fn() => parent::close()); }
  #[ReturnTypeWillChange] function read($id) { return $this->m->run('read', [$id], fn() => parent::read($id)); }
  #[ReturnTypeWillChange] function write($id, $data) { return $this->m->run('write', [$id, $data], fn() => parent::write($id, $data)); }
  #[ReturnTypeWillChange] function destroy($id) { return $this->m->run('destroy', [$id], fn() => parent::destroy($id)); }
  #[ReturnTypeWillChange] function gc($max) { return $this->m->run('gc', [$max], fn() => parent::gc($max)); }
}
class ParentIdHandler extends ParentHandler {
  #[ReturnTypeWillChange] function create_sid() { return $this->m->run('create_sid', [], fn() => parent::create_sid()); }
}

class ParentFullHandler extends ParentIdHandler {
  function validateId($id) { return $this->m->run('validate_sid', [$id], fn() => file_exists(SAVE_PATH . "/sess_$id")); }
  function updateTimestamp($id, $data) { return $this->m->run('update_timestamp', [$id, $data], fn() => parent::write($id, $data)); }
}
class WrappedHandler implements SessionHandlerInterface {
  public $m;
  public $inner;
  function __construct() { $this->inner = new SessionHandler; }
  #[ReturnTypeWillChange] function open($path, $name) { return $this->m->run('open', [$path, $name], fn() => $this->inner->open($path, $name)); }
  #[ReturnTypeWillChange] function close() { return $this->m->run('close', [], fn() => $this->inner->close()); }
  #[ReturnTypeWillChange] function read($id) { return $this->m->run('read', [$id], fn() => $this->inner->read($id)); }
  #[ReturnTypeWillChange] function write($id, $data) { return $this->m->run('write', [$id, $data], fn() => $this->inner->write($id, $data)); }
  #[ReturnTypeWillChange] function destroy($id) { return $this->m->run('destroy', [$id], fn() => $this->inner->destroy($id)); }
  #[ReturnTypeWillChange] function gc($max) { return $this->m->run('gc', [$max], fn() => $this->inner->gc($max)); }
}
class WrappedIdHandler extends WrappedHandler {
  #[ReturnTypeWillChange] function create_sid() { return $this->m->run('create_sid', [], fn() => $this->inner->create_sid()); }
}

const FORMS = [
  'object' => 'LooseHandler', 'unregistered' => 'LooseHandler', 'id' => 'IdHandler',
  'check' => 'CheckHandler', 'touch' => 'TouchHandler', 'full' => 'FullHandler',
  'interfaces' => 'InterfaceHandler', 'parent' => 'ParentHandler', 'parent-id' => 'ParentIdHandler',
  'id check' => 'IdCheckHandler', 'id touch' => 'IdTouchHandler', 'check touch' => 'CheckTouchHandler',
  'wrapped' => 'WrappedHandler', 'wrapped-id' => 'WrappedIdHandler', 'parent-full' => 'ParentFullHandler',
];
const CALLBACKS = ['open', 'close', 'read', 'write', 'destroy', 'gc', 'make', 'check', 'touch'];

function install($handler) {
  $form = $handler['form'];
  if ($form === 'bare') return session_set_save_handler(new SessionHandler);
  $memory = new Memory;
  $memory->answers = $handler['answers'] ?? [];
  if (preg_match('/^nulls but (.*)/', $form, $but)) {
    $list = array_map(fn($name) => [$memory, $name], CALLBACKS);
    foreach (['c', 'v', 'u'] as $at => $letter) if (!str_contains($but[1], $letter)) $list[6 + $at] = null;
    return session_set_save_handler(...$list);
  }
  if (is_int($form) || $form === 'nulls') {
    $list = array_map(fn($name) => [$memory, $name], array_slice(CALLBACKS, 0, is_int($form) ? $form : 6));
    if ($form === 'nulls') array_push($list, null, null, null);
    return session_set_save_handler(...$list);
  }
  $class = FORMS[$form];
  $object = new $class;
  $object->m = $memory;
  return $form === 'unregistered' ? session_set_save_handler($object, false) : session_set_save_handler($object);
}

function attempt($name, $body) {
  try { note('result', $name, freeze($body())); }
  catch (Throwable $error) { note('throws', $name, get_class($error), freeze($error->getMessage())); }
}

function perform($step) {
  switch ($step[0]) {
    case 'call':
      $name = $step[1];
      $values = array_map('thaw', array_slice($step, 2));
      $function = str_contains($name, '::') ? [new SessionHandler, explode('::', $name)[1]] : $name;
      attempt($name, fn() => $name === 'SID' ? constant('SID') : $function(...$values));
      return;
    case 'set': $_SESSION[thaw($step[1])] = thaw($step[2]); return;
    case 'delete': unset($_SESSION[thaw($step[1])]); return;
    case 'refer': $_SESSION[$step[1]] =& $_SESSION[$step[2]]; return;
    case 'replace': $_SESSION = thaw($step[1]); return;
    case 'variables':
      $pairs = [];
      foreach (is_array($_SESSION ?? []) ? $_SESSION ?? [] : [] as $key => $value) {
        $pairs[] = [freeze((string) $key), freeze(serialize($value))];
      }
      note('variables', $pairs);
      return;
    case 'handler': attempt('session_set_save_handler', fn() => install($step[1])); return;
    case 'header': if (!headers_sent()) header($step[1], $step[2] ?? true); return;
    case 'flush': echo ' '; flush(); return;
    case 'age':
      $file = SAVE_PATH . '/' . $step[1];
      if (file_exists($file)) touch($file, time() - $step[2]);
      clearstatcache();
      return;
    case 'exit': exit;
    case 'throw': throw new Exception($step[1]);
    case 'later':
      register_shutdown_function(function () use ($step) { foreach (array_slice($step, 1) as $each) perform($each); });
      return;
  }
}

/** Cookies are carried from one request to the next as a browser carries them. */
header_register_callback(function () {
  $lines = array_values(array_filter(headers_list(), fn($line) => !preg_match('/^(X-Powered-By|Content-type):/i', $line)));
  note('headers', freeze($lines));
  foreach ($lines as $line) {
    if (preg_match('/^Set-Cookie: ([^=]*)=([^;]*)/', $line, $found)) $GLOBALS['jar'][$found[1]] = rawurldecode($found[2]);
  }
  file_put_contents(FOLDER . '/jar', serialize($GLOBALS['jar']));
});

const SAVE_PATH = FOLDER . '/files';
$jar = REQUEST === 0 ? array_map('thaw', SCENARIO['cookies'] ?? []) : unserialize(file_get_contents(FOLDER . '/jar'));
file_put_contents(FOLDER . '/jar', serialize($jar));
// With auto_start the session began before this script, and without a cookie.
if (!isset(SCENARIO['settings']['auto_start']) && !isset(SCENARIO['raw'])) {
  $_COOKIE = array_map(fn($value) => $value === false ? ['an array'] : $value, $jar);
}
foreach (isset(SCENARIO['raw']) ? [] : ['query' => '_GET', 'form' => '_POST'] as $from => $to) {
  $values = SCENARIO[$from] ?? [];
  $GLOBALS[$to] = array_map(fn($value) => $value === false ? ['an array'] : thaw($value), $values);
}
foreach ([SCENARIO['steps'], ...(SCENARIO['next'] ?? [])][REQUEST] as $step) perform($step);
