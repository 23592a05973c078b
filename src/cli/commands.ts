/** The table of commands. A command's own code is loaded when it runs: `--help` needs no driver. */
import type { Call, OptionTable } from './call.ts';

/** One command of the table. */
export interface CommandSpec {
  readonly summary: string;
  /** The form of its arguments. */
  readonly form?: string;
  readonly details: string;
  readonly examples: readonly string[];
  readonly options: OptionTable;
  /** The number of arguments it takes. */
  readonly words: number;
  load(): Promise<{ run(call: Call): Promise<number> }>;
}

/** The options that every command takes. */
export const COMMON: OptionTable = {
  url: {
    value: 'URL',
    about:
      'mysql://user:password@host/database; visible in ps, so prefer DATABASE_URL in the environment',
  },
  config: {
    value: 'FILE',
    about: 'JSON, or a module with a default export: url, and the options of createSessions()',
  },
  'secrets-file': {
    value: 'FILE',
    about:
      'one secret a line, the newest first; else SESSION_SECRETS in the environment, or SESSION_SECRET',
  },
  table: { value: 'NAME', about: "the table, 'sessions' by default, or schema.table" },
  column: { value: 'COLUMN=NAME', multiple: true, about: 'a column of another name: data=payload' },
  json: { about: 'JSON, one value a line' },
  help: { about: 'this text' },
};

/** All commands, in the order of `--help`. */
export const COMMANDS: Readonly<Record<string, CommandSpec>> = {
  doctor: {
    summary: 'finds what is wrong with an installation, with the remedy to paste',
    details: `Connects as the application does, and checks the server, the table, the rights, a sample of
rows, the secrets, and with --site the cookie. It writes nothing.`,
    examples: [
      'DATABASE_URL=mysql://app@db/shop npx phpsessid doctor',
      'npx phpsessid doctor --config sessions.json --site https://shop.example/',
      'npx phpsessid doctor --json --ignore rights-wide',
    ],
    options: {
      site: { value: 'URL', about: 'a page that starts a session: its cookie is checked' },
      cookie: { value: 'NAME', about: "the session's cookie, if the page sets several" },
      node: {
        value: 'HOST[:PORT]',
        multiple: true,
        about: 'another node of the cluster, whose clock is compared; the same user and password',
      },
      ignore: { value: 'CODE', multiple: true, about: 'a finding that is known' },
    },
    words: 0,
    load: () => import('./commands/doctor.ts'),
  },
  create: {
    summary: 'creates the tables, or prints their SQL',
    details: `Creates the table of sessions and that of leases if they are not there. The user needs the right
CREATE for it, once; later SELECT, INSERT, UPDATE and DELETE are enough.`,
    examples: ['npx phpsessid create', 'npx phpsessid create --print --table web.sessions'],
    options: { print: { about: 'print the SQL, and connect to nothing' } },
    words: 0,
    load: () => import('./commands/create.ts'),
  },
  migrate: {
    summary: 'brings an older table to the present shape, online',
    details: `Adds missing columns and indexes and widens narrow columns, one statement a step. Each step is
tried without a lock first (ALGORITHM=INSTANT, then INPLACE with LOCK=NONE), and is refused if it
would stop writes, unless --allow-lock is given. Waits for a lock of the table are short, so a
long transaction elsewhere delays this program and not the site. What is done is skipped: run it
again after a stop, and once more after the last process of the old version has ended.`,
    examples: [
      'npx phpsessid migrate --dry-run',
      'npx phpsessid migrate --rename payload=d',
      "npx phpsessid migrate --add 'tenant INT NULL'",
    ],
    options: {
      'dry-run': { about: 'print the steps, and change nothing' },
      rename: { value: 'OLD=NEW', multiple: true, about: 'rename a column first' },
      add: {
        value: 'DEFINITION',
        multiple: true,
        about: 'add a column of your own, which must be NULL or have a default',
      },
      'allow-lock': { about: 'run steps that stop writes while the table is copied' },
    },
    words: 0,
    load: () => import('./commands/migrate.ts'),
  },
  list: {
    summary: 'lists live sessions, or those of one user',
    form: '[USER]',
    details: 'Shows handles, which name a session for show and revoke. An id cannot be shown.',
    examples: ['npx phpsessid list', 'npx phpsessid list 42', 'npx phpsessid list --json | head'],
    options: { limit: { value: 'COUNT', about: 'stop after so many' } },
    words: 1,
    load: () => import('./commands/list.ts'),
  },
  show: {
    summary: "shows one session's keys, types and sizes; its values only when asked",
    form: 'HANDLE',
    details: 'Reads the session of a handle, and neither locks nor extends it.',
    examples: ['npx phpsessid show 3q2-7wAAAAAAAAAAAAAAAAAA'],
    options: { reveal: { about: "print the values: they may hold a visitor's personal data" } },
    words: 1,
    load: () => import('./commands/show.ts'),
  },
  revoke: {
    summary: 'ends a session, those of a user, or all',
    form: '[HANDLE]',
    details:
      'The next request of an ended session is anonymous; a late save does not bring it back.',
    examples: [
      'npx phpsessid revoke 3q2-7wAAAAAAAAAAAAAAAAAA',
      'npx phpsessid revoke --user 42',
      'npx phpsessid revoke --all --yes',
    ],
    options: {
      user: { value: 'USER', about: 'all sessions of this user' },
      except: { value: 'HANDLE', about: 'with --user: all but this one' },
      all: { about: 'all sessions of all users, as after a secret has leaked' },
      yes: { about: 'needed for --all' },
    },
    words: 1,
    load: () => import('./commands/revoke.ts'),
  },
  gc: {
    summary: 'deletes expired sessions',
    details: `Deletes in rounds of two seconds until none is left, beside live traffic. For cron, with gc: false
in the application.`,
    examples: ['npx phpsessid gc', '*/5 * * * *  npx phpsessid gc --budget 60 --json'],
    options: { budget: { value: 'SECONDS', about: 'stop after this time; the rest is left' } },
    words: 0,
    load: () => import('./commands/gc.ts'),
  },
  convert: {
    summary: 'changes live sessions to another format, beside live traffic',
    form: 'FORMAT',
    details: `FORMAT is json, php, php_serialize or php_binary. Each row is changed by compare-and-set, so a save
that comes between wins. Expiry times stay. A session that cannot be written in the format without
loss is left as it is and named. Run it again after a stop: converted rows are skipped. Set the
application's format first, since it reads all of them.`,
    examples: ['npx phpsessid convert json --dry-run', 'npx phpsessid convert php_serialize'],
    options: { 'dry-run': { about: 'count, and change nothing' } },
    words: 1,
    load: () => import('./commands/convert.ts'),
  },
  crawl: {
    summary: 'prints a census: ages, sizes, formats, malformed rows',
    details: `Reads the table in pages, each a statement of its own, without a lock. Prints numbers only: no key,
no user, no data. Sessions over 1 MiB are counted by their size and not read.`,
    examples: ['npx phpsessid crawl', 'npx phpsessid crawl --json'],
    options: {},
    words: 0,
    load: () => import('./commands/crawl.ts'),
  },
  bench: {
    summary: 'measures this server with a table of its own, beside plain mysql2',
    details: `Makes a table of its own beside the sessions, loads it for some seconds, and drops it. The user
needs the rights CREATE and DROP.`,
    examples: ['npx phpsessid bench', 'npx phpsessid bench --seconds 5 --clients 32 --bytes 4000'],
    options: {
      seconds: { value: 'SECONDS', about: 'for each line of the table, 2 by default' },
      clients: { value: 'COUNT', about: 'requests at the same time, 16 by default' },
      bytes: { value: 'BYTES', about: "a session's size, 1000 by default" },
    },
    words: 0,
    load: () => import('./commands/bench.ts'),
  },
};
