/**
 * `npm run test:next`: the quick starts for Next and nextjs-auth0, built by `next build` and served
 * by `next start`.
 *
 * The packages, 370 MB, are installed into the cache at the first run; `npm test` leaves them out.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { createSessions } from '../src/store/store.ts';
import { root } from '../src/workshop/course/catalogue.ts';
import { obtainServer } from '../src/workshop/machine/database/server.ts';
import { canConnect, freePort } from '../src/workshop/machine/free-port.ts';
import { installOnce } from '../src/workshop/machine/npm-install.ts';
import { run } from '../src/workshop/machine/program.ts';
import { cleanUpBeforeSignals } from '../src/workshop/machine/signals.ts';
import { appFiles } from './next/app.ts';
import { CLIENT, DOMAIN, Issuer, REROUTE } from './next/issuer.ts';
import { pack } from './package/projects.ts';

const help = `npm run test:next   builds and serves the quick starts for Next and nextjs-auth0, and visits them
It takes no arguments. The first run installs 370 MB of packages into the cache.`;

const [given] = process.argv.slice(2);
if (given !== undefined) {
  const isAsked = given === '--help' || given === '-h';
  (isAsked ? console.log : console.error)(help);
  process.exit(isAsked ? 0 : 2);
}

const NEXT = ['next@16.4.6', 'react@19.2.1', 'react-dom@19.2.1', '@auth0/nextjs-auth0@4.30.0'];
const TYPES = ['typescript@5.9', '@types/react@19.2', '@types/node@22'];

const endings: (() => unknown)[] = [];
const cleanUp = async (): Promise<void> => {
  for (const end of endings.splice(0).reverse()) await end();
};
cleanUpBeforeSignals(cleanUp);
after(cleanUp);

let address = '';
let issuer: Issuer;

/** Returns the packages that this one needs, as they are installed here. */
function dependencies(): string[] {
  return ['mysql2', 'iron-session'].map((name) => {
    const manifest = readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8');
    return `${name}@${(JSON.parse(manifest) as { version: string }).version}`;
  });
}

/** Writes the application below the folder with Next's packages, and returns its folder. */
async function writeApp(): Promise<{ folder: string; next: string }> {
  const progress = (line: string): void => console.log(line);
  const packages = [...NEXT, ...TYPES, ...dependencies()];
  const name = packages.join('_').replaceAll(/[^\w.@-]/g, '-');
  const files = { 'package.json': '{ "private": true }' };
  const command = ['install', ...packages];
  const installed = await installOnce({ name, packages: 'Next', files, command }, progress);
  const folder = mkdtempSync(join(installed, 'app-'));
  endings.push(() => rmSync(folder, { recursive: true, force: true }));
  for (const [path, text] of Object.entries({ ...appFiles(), 'reroute.mjs': REROUTE })) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  const own = join(folder, 'node_modules/phpsessid');
  mkdirSync(own, { recursive: true });
  const draft = mkdtempSync(join(tmpdir(), 'phpsessid-pack-'));
  endings.push(() => rmSync(draft, { recursive: true, force: true }));
  const unpack = ['-xzf', await pack(draft), '-C', own, '--strip-components=1'];
  assert.equal((await run('tar', unpack)).code, 0);
  return { folder, next: join(installed, 'node_modules/next/dist/bin/next') };
}

before(async () => {
  const server = await obtainServer({ progress: console.log });
  endings.push(() => server.close());
  const { url } = await server.createSchema('next');
  const sessions = createSessions({ url, secrets: ['n'.repeat(32)] });
  await sessions.createTable();
  await sessions.close();
  const { folder, next } = await writeApp();
  issuer = await Issuer.start();
  endings.push(() => issuer.stop());
  const port = await freePort();
  address = `http://localhost:${port}`;
  const environment = {
    ...process.env,
    NODE_OPTIONS: `--import ${pathToFileURL(join(folder, 'reroute.mjs'))}`,
    NODE_TEST_CONTEXT: undefined,
    NEXT_TELEMETRY_DISABLED: '1',
    DATABASE_URL: url,
    SESSION_SECRET: 'n'.repeat(32),
    APP_BASE_URL: address,
    AUTH0_DOMAIN: DOMAIN,
    ISSUER: issuer.address,
    AUTH0_CLIENT_ID: CLIENT,
    AUTH0_CLIENT_SECRET: 's'.repeat(32),
    AUTH0_SECRET: 'a'.repeat(64),
  };
  console.log('next build …');
  const built = await run(process.execPath, [next, 'build'], { cwd: folder, environment });
  assert.equal(built.code, 0, built.stdout + built.stderr);
  const app = spawn(process.execPath, [next, 'start', '-p', String(port)], {
    cwd: folder,
    env: environment as NodeJS.ProcessEnv,
    stdio: 'inherit',
    detached: true,
  });
  endings.push(() => endGroup(app));
  while (!(await canConnect(port))) await pause(100);
});

async function endGroup(app: ChildProcess): Promise<void> {
  const { pid, exitCode } = app;
  if (pid === undefined || exitCode !== null) return;
  process.kill(-pid, 'SIGKILL');
  await once(app, 'exit');
}

/** A browser without JavaScript. */
class Browser {
  readonly #cookies = new Map<string, string>();

  async ask(path: string, options: RequestInit = {}): Promise<Response> {
    const cookie = [...this.#cookies].map((pair) => pair.join('=')).join('; ');
    const url = new URL(path, address);
    const response = await fetch(url, { redirect: 'manual', ...options, headers: { cookie } });
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === '' || /Max-Age=0|Expires=Thu, 01 Jan 1970/i.test(line))
        this.#cookies.delete(name);
      else this.#cookies.set(name, value);
    }
    return response;
  }

  /** Returns the text of the page's paragraph. */
  async read(path: string): Promise<string | undefined> {
    return /<p>(.*?)<\/p>/.exec(await (await this.ask(path)).text())?.[1];
  }

  /** Sends the form with this button. */
  async press(button: string): Promise<number> {
    const page = await (await this.ask('/')).text();
    const form = page.split('<form').find((part) => part.includes(`<button>${button}`)) ?? '';
    const body = new FormData();
    for (const [, name = ''] of form.matchAll(/<input type="hidden" name="([^"]+)"/g)) {
      body.append(name, '');
    }
    return (await this.ask('/', { method: 'POST', body })).status;
  }

  /** A second browser with the same cookies. */
  copy(): Browser {
    const copy = new Browser();
    for (const [name, value] of this.#cookies) copy.#cookies.set(name, value);
    return copy;
  }
}

test('a guest buys by Server Functions, logs in and out, and the old cookie opens nothing', async () => {
  const browser = new Browser();
  assert.equal(await browser.read('/'), 'guest: ');
  assert.deepEqual([await browser.press('buy'), await browser.press('buy')], [303, 303]);
  assert.equal(await browser.read('/'), 'guest: tea,tea');
  const before = browser.copy();
  assert.equal(await browser.press('login'), 303);
  assert.equal(await browser.read('/'), 'ann: tea,tea');
  const stolen = browser.copy();
  assert.equal(await browser.press('logout'), 303);
  for (const old of [browser, before, stolen]) assert.equal(await old.read('/'), 'guest: ');
});

test('30 requests at once to a Route Handler, with two actions at once in each, count as 60', async () => {
  const browser = new Browser();
  await browser.ask('/count', { method: 'POST' });
  await Promise.all(Array.from({ length: 30 }, () => browser.ask('/count', { method: 'POST' })));
  const last = await browser.ask('/count', { method: 'POST' });
  assert.deepEqual(await last.json(), { count: 64 });
});

test('proxy.ts guards a page that Next has rendered at the build', async () => {
  const browser = new Browser();
  assert.equal((await browser.ask('/admin')).headers.get('location'), '/');
  await browser.press('login');
  assert.equal(await browser.read('/admin'), 'admin');
});

test('nextjs-auth0 logs in; a logout at Auth0 ends the session, an own logout its copies', async () => {
  const login = async (): Promise<Browser> => {
    const browser = new Browser();
    const sent = await browser.ask('/auth/login');
    await browser.ask(issuer.grant(sent.headers.get('location') ?? ''));
    assert.equal(await browser.read('/account'), 'auth0|42');
    return browser;
  };
  const first = await login();
  const body = new URLSearchParams({ logout_token: issuer.logoutToken() });
  const response = await new Browser().ask('/auth/backchannel-logout', { method: 'POST', body });
  assert.equal(response.status, 204, await response.text());
  assert.equal(await first.read('/account'), 'guest');
  const second = await login();
  const stolen = second.copy();
  await second.ask('/auth/logout');
  assert.equal(await stolen.read('/account'), 'guest');
});
