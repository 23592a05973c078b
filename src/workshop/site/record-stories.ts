/** Runs each story in PHP and in the library, and keeps it only when both did the same. */
import { compileFunction } from 'node:vm';
import * as php from '../../php/index.ts';
import { openWasmPhp, type WasmPhp } from '../oracle/wasm.ts';
import type { Story } from './stories.ts';

/** One callback as it was called. */
export interface Call {
  /** The line of the story, counted from zero; as many as there are lines for the request's end. */
  line: number;
  callback: string;
  values: readonly unknown[];
  answer: unknown;
}

/** The recording of one story. */
export interface Recording {
  story: Story;
  /** The story's lines as a TypeScript program has them. */
  lines: string[];
  calls: Call[];
  /** The final Set-Cookie lines. */
  cookies: string[];
  /** PHP's messages. */
  messages: string[];
  /** The PHP that agreed. */
  php: string;
}

type Played = Pick<Recording, 'calls' | 'cookies' | 'messages'>;

const SETTINGS: Readonly<Record<string, string>> = {
  'session.save_path': '/sessions',
  'session.gc_probability': '0',
};

/** Runs stories. An error names the first one in which PHP and the library differ. */
export async function recordStories(
  stories: Readonly<Record<string, Story>>,
): Promise<Map<string, Recording>> {
  const interpreter = await openWasmPhp();
  try {
    const version = (await interpreter.run('<?php echo PHP_VERSION;')).toString();
    const recordings = new Map<string, Recording>();
    for (const [name, story] of Object.entries(stories)) {
      const { lines, ...ours } = await playHere(story);
      const theirs = await playInPhp(story, interpreter);
      const [one, other] = [JSON.stringify(ours), JSON.stringify(theirs)];
      if (one !== other) throw new Error(`"${name}" goes otherwise in PHP: ${other}, here ${one}`);
      recordings.set(name, { story, lines, ...ours, php: version });
    }
    return recordings;
  } finally {
    interpreter.close();
  }
}

async function playHere(story: Story): Promise<Played & { lines: string[] }> {
  const calls: Call[] = [];
  const messages: string[] = [];
  const headers = new Map<string, string | readonly string[]>();
  let line = 0;
  const lines: string[] = [];
  const note = (callback: string, values: readonly unknown[], answer: unknown): unknown => {
    calls.push({ line, callback, values, answer });
    return answer;
  };
  const options: php.PhpOptions = {
    settings: { ...SETTINGS, ...story.settings },
    onMessage: ({ level, message }) => messages.push(`${level}: ${message}`),
  };
  const program = async (): Promise<void> => {
    php.session_set_save_handler(handler(story, note));
    for (const [at, text] of story.lines.entries()) {
      line = at;
      const given: unknown = run(text);
      lines.push(given instanceof Promise ? `await ${text}` : text);
      await given;
    }
    line = story.lines.length;
  };
  await php.withPhpRequest(options, program, {
    input: {
      cookie: () => story.cookie,
      query: () => undefined,
      form: () => undefined,
      referer: undefined,
    },
    head: {
      headersSent: false,
      getHeader: (name) => headers.get(name),
      setHeader: (name, value) => headers.set(name, value),
      removeHeader: (name) => void headers.delete(name),
    },
  });
  return { lines, calls, cookies: [headers.get('Set-Cookie') ?? []].flat(), messages };
}

/** One statement, with the library's names. */
function run(text: string): unknown {
  return compileFunction(`return ${text};`, Object.keys(php))(...Object.values(php));
}

type Note = (callback: string, values: readonly unknown[], answer: unknown) => unknown;

/** PHP's messages name the handler's class. */
class Handler {}
class FullHandler extends Handler {}

const SIX: readonly string[] = ['open', 'close', 'read', 'write', 'destroy', 'gc'];

/** A handler over a Map; `new` is the id it makes. */
function handler(
  { store = {}, answers = {}, onlySix = false }: Story,
  note: Note,
): php.SessionHandlerInterface {
  const rows = new Map(Object.entries(store));
  const bodies: Record<string, (id: string, data: string) => unknown> = {
    open: () => true,
    close: () => true,
    read: (id) => rows.get(id) ?? '',
    write: (id, data) => rows.set(id, data) === rows,
    destroy: (id) => rows.delete(id) || true,
    gc: () => 0,
    create_sid: () => 'new',
    validateId: (id) => rows.has(id),
    updateTimestamp: () => true,
  };
  const methods = Object.entries(bodies)
    .filter(([name]) => !onlySix || SIX.includes(name))
    .map(([name, body]) => [
      name,
      (...values: [string, string]) => note(name, values, answers[name] ?? body(...values)),
    ]);
  const made = Object.assign(
    onlySix ? new Handler() : new FullHandler(),
    Object.fromEntries(methods),
  );
  return made as php.SessionHandlerInterface;
}

const PRELUDE = `
$line = 0; $calls = []; $messages = []; $cookies = [];
set_error_handler(function ($level, $text) use (&$messages) {
  $names = [E_WARNING => 'E_WARNING', E_NOTICE => 'E_NOTICE', E_DEPRECATED => 'E_DEPRECATED'];
  $messages[] = $names[$level] . ': ' . $text;
  return true;
});
class Handler implements SessionHandlerInterface {
  public $rows; public $answers;
  function note($callback, $values, $answer) {
    $answer = $this->answers[$callback] ?? $answer;
    $GLOBALS['calls'][] = ['line' => $GLOBALS['line'], 'callback' => $callback, 'values' => $values, 'answer' => $answer];
    return $answer;
  }
  function open($path, $name): bool { return $this->note('open', [$path, $name], true); }
  function close(): bool { return $this->note('close', [], true); }
  #[ReturnTypeWillChange] function read($id) { return $this->note('read', [$id], $this->rows[$id] ?? ''); }
  function write($id, $data): bool { $this->rows[$id] = $data; return $this->note('write', [$id, $data], true); }
  function destroy($id): bool { unset($this->rows[$id]); return $this->note('destroy', [$id], true); }
  #[ReturnTypeWillChange] function gc($max) { return $this->note('gc', [$max], 0); }
}
class FullHandler extends Handler implements SessionIdInterface, SessionUpdateTimestampHandlerInterface {
  function create_sid(): string { return $this->note('create_sid', [], 'new'); }
  function validateId($id): bool { return $this->note('validateId', [$id], isset($this->rows[$id])); }
  function updateTimestamp($id, $data): bool { return $this->note('updateTimestamp', [$id, $data], true); }
}
function recorded() {
  global $calls, $cookies, $messages;
  return json_encode(['calls' => $calls, 'cookies' => $cookies, 'messages' => $messages], JSON_UNESCAPED_SLASHES);
}
`;

async function playInPhp(story: Story, interpreter: WasmPhp): Promise<Played> {
  const { cookie, store = {}, settings = {}, answers = {}, onlySix = false, lines } = story;
  const statements = lines.map((text, at) => `$line = ${at}; ${inPhp(text)};`);
  const script = [
    '<?php',
    PRELUDE,
    ...Object.entries({ ...SETTINGS, ...settings }).map(
      ([key, value]) => `ini_set('${key}', '${value}');`,
    ),
    `$_COOKIE = ${cookie === undefined ? '[]' : `['PHPSESSID' => '${cookie}']`};`,
    `$handler = new ${onlySix ? 'Handler' : 'FullHandler'}(); $handler->rows = ${literal(store)}; $handler->answers = ${literal(answers)};`,
    'session_set_save_handler($handler);',
    ...statements,
    `$line = ${lines.length};`,
    // So that the session is written before the report below, which runs at shutdown as well.
    'session_register_shutdown();',
    `register_shutdown_function(function () { foreach (headers_list() as $header) if (str_starts_with($header, 'Set-Cookie: ')) $GLOBALS['cookies'][] = substr($header, 12); echo recorded(); });`,
  ].join('\n');
  return JSON.parse((await interpreter.run(script)).toString()) as Played;
}

function inPhp(text: string): string {
  return text.replace(/\{ (\w+): (\w+) \}/, "['$1' => $2]");
}

function literal(values: Readonly<Record<string, string | boolean>>): string {
  const entries = Object.entries(values).map(([key, value]) => {
    return `'${key}' => ${typeof value === 'string' ? `'${value}'` : value}`;
  });
  return `[${entries.join(', ')}]`;
}
