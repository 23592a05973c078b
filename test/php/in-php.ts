/** Runs sequences in PHP 8.4, one request each. */
import { openWasmPhp } from '../../src/workshop/oracle/wasm.ts';
import type { Answer, Argument, Entry, Handler, Scenario, Step } from './steps.ts';

const PRELUDE = `
$GLOBALS['store'] = [];
function note(...$entry) { file_put_contents('/log', json_encode([SCENARIO, $entry], JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_PRESERVE_ZERO_FRACTION) . "\\n", FILE_APPEND); }
set_error_handler(function ($level, $text) {
  $names = [E_WARNING => 'E_WARNING', E_NOTICE => 'E_NOTICE', E_DEPRECATED => 'E_DEPRECATED'];
  note('message', $names[$level] ?? $level, $text);
  return true;
});
class Memory {
  public $answers = [];
  function run($name, $values, $default) {
    note('callback', $name, $values);
    if (array_key_exists($name, $this->answers)) {
      $answer = $this->answers[$name];
      if (is_array($answer) && isset($answer['throws'])) throw new Exception($answer['throws']);
      return $answer;
    }
    return $default();
  }
  function open($path, $name) { return $this->run('open', [$path, $name], fn() => true); }
  function close() { return $this->run('close', [], fn() => true); }
  function read($id) { return $this->run('read', [$id], fn() => $GLOBALS['store'][$id] ?? ''); }
  function write($id, $data) { return $this->run('write', [$id, $data], function () use ($id, $data) { $GLOBALS['store'][$id] = $data; return true; }); }
  function destroy($id) { return $this->run('destroy', [$id], function () use ($id) { unset($GLOBALS['store'][$id]); return true; }); }
  function gc($max) { return $this->run('gc', [$max], fn() => 0); }
  function make() { return $this->run('create_sid', [], fn() => 'made' . count($GLOBALS['store'])); }
  function check($id) { return $this->run('validate_sid', [$id], fn() => isset($GLOBALS['store'][$id])); }
  function touch($id, $data) { return $this->run('update_timestamp', [$id, $data], fn() => true); }
}
class ObjectHandler implements SessionHandlerInterface {
  public $m;
  function open($path, $name): bool { return $this->m->open($path, $name); }
  function close(): bool { return $this->m->close(); }
  #[ReturnTypeWillChange] function read($id) { return $this->m->read($id); }
  function write($id, $data): bool { return $this->m->write($id, $data); }
  function destroy($id): bool { return $this->m->destroy($id); }
  #[ReturnTypeWillChange] function gc($max) { return $this->m->gc($max); }
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
class FullHandler extends IdHandler {
  function validateId($id) { return $this->m->check($id); }
  function updateTimestamp($id, $data) { return $this->m->touch($id, $data); }
}
class ParentHandler extends SessionHandler {
  public $m;
  function open($path, $name): bool { note('callback', 'open', [$path, $name]); return parent::open($path, $name); }
  function close(): bool { note('callback', 'close', []); return parent::close(); }
  function read($id): string|false { note('callback', 'read', [$id]); return parent::read($id); }
  function write($id, $data): bool { note('callback', 'write', [$id, $data]); return parent::write($id, $data); }
  function destroy($id): bool { note('callback', 'destroy', [$id]); return parent::destroy($id); }
  function gc($max): int|false { note('callback', 'gc', [$max]); return parent::gc($max); }
}
function attempt($name, $body) {
  try { note('result', $name, $body()); }
  catch (Throwable $error) { note('throws', $name, get_class($error), $error->getMessage()); }
}
function headersNow() {
  note('headers', array_values(array_filter(headers_list(), fn($h) => !preg_match('/^(X-Powered-By|Content-type):/i', $h))));
}
`;

const CLASSES: Record<string, string> = {
  object: 'LooseHandler',
  unregistered: 'LooseHandler',
  id: 'IdHandler',
  full: 'FullHandler',
  parent: 'ParentHandler',
};
const CALLBACKS = ['open', 'close', 'read', 'write', 'destroy', 'gc', 'make', 'check', 'touch'];

function literal(value: Argument | Answer | Readonly<Record<string, Answer>>): string {
  if (value === null) return 'null';
  if (typeof value === 'string') {
    const escaped = value.replace(/[\\$"]|[^ -~]/g, (character) =>
      [...Buffer.from(character)]
        .map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`)
        .join(''),
    );
    return `"${escaped}"`;
  }
  if (typeof value !== 'object') return String(value);
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`;
  const entries = Object.entries(value as Record<string, Argument>);
  return `[${entries.map(([key, each]) => `${literal(key)} => ${literal(each)}`).join(', ')}]`;
}

function install({ form, answers = {} }: Handler): string {
  const memory = `$m = new Memory; $m->answers = ${literal(answers)};`;
  if (typeof form === 'number') {
    const list = CALLBACKS.slice(0, form).map((name) => `[$m, '${name}']`);
    return `${memory} attempt('session_set_save_handler', fn() => session_set_save_handler(${list.join(', ')}));`;
  }
  const rest = form === 'unregistered' ? ', false' : '';
  return `${memory} $h = new ${CLASSES[form]}; $h->m = $m; attempt('session_set_save_handler', fn() => session_set_save_handler($h${rest}));`;
}

function code(step: Step): string {
  switch (step[0]) {
    case 'call': {
      const [, name, ...values] = step;
      if (name === 'SID') return `attempt('SID', fn() => SID);`;
      return `attempt('${name}', fn() => ${name}(${values.map(literal).join(', ')}));`;
    }
    case 'set':
      return `$_SESSION[${literal(step[1])}] = ${literal(step[2])};`;
    case 'delete':
      return `unset($_SESSION[${literal(step[1])}]);`;
    case 'variables':
      return `note('variables', (object) ($_SESSION ?? []));`;
    case 'handler':
      return install(step[1]);
    case 'later':
      return `register_shutdown_function(function () { ${step
        .slice(1)
        .map((each) => code(each as Step))
        .join(' ')} });`;
  }
}

function script(scenario: Scenario, at: number): string {
  const { cookie, query, form, referer, store = {}, files = {} } = scenario;
  const lines = [
    `<?php const SCENARIO = ${at};`,
    PRELUDE,
    `@mkdir('/sess/${at}', 0777, true); ini_set('session.save_path', '/sess/${at}'); ini_set('session.gc_probability', '0'); ini_set('html_errors', '0');`,
    `$_COOKIE = ${literal(cookie === undefined ? {} : { PHPSESSID: cookie })};`,
    `$_GET = ${literal(query === undefined ? {} : { PHPSESSID: query })};`,
    `$_POST = ${literal(form === undefined ? {} : { PHPSESSID: form })};`,
    referer === undefined ? '' : `$_SERVER['HTTP_REFERER'] = ${literal(referer)};`,
    `$GLOBALS['store'] = ${literal(store)};`,
    ...Object.entries(files).map(
      ([name, data]) => `file_put_contents(${literal(`/sess/${at}/${name}`)}, ${literal(data)});`,
    ),
    ...scenario.steps.map(code),
    'headersNow();',
  ];
  return lines.join('\n');
}

/** Runs every sequence; the answer is one list of entries a sequence. */
export async function runInPhp(scenarios: readonly Scenario[]): Promise<Entry[][]> {
  const php = await openWasmPhp();
  try {
    const results: Entry[][] = scenarios.map(() => []);
    for (const [at, scenario] of scenarios.entries()) {
      // An uncaught exception at the end of a request is a fatal error, and the test's own business.
      await php.run(script(scenario, at)).catch(() => undefined);
    }
    const dump = `<?php foreach (glob('/sess/*/*') as $file) file_put_contents('/log', json_encode([(int) basename(dirname($file)), ['file', basename($file), file_get_contents($file)]], JSON_UNESCAPED_SLASHES) . "\\n", FILE_APPEND); readfile('/log');`;
    for (const line of (await php.run(dump)).toString().split('\n')) {
      if (line === '') continue;
      const [at, entry] = JSON.parse(line) as [number, Entry];
      results[at]?.push(entry);
    }
    return results;
  } finally {
    php.close();
  }
}
