import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { Databases } from '../../../src/workshop/lab/databases.ts';
import { Lab } from '../../../src/workshop/lab/lab.ts';
import { sentenceOf, Worker } from '../../../src/workshop/lab/ledger.ts';
import { Machine } from '../../../src/workshop/lab/machine.ts';
import { serversParts } from '../../../src/workshop/lab/views/servers.ts';
import { WebServers } from '../../../src/workshop/lab/web-servers.ts';
import type { GaleraNode } from '../../../src/workshop/machine/galera/node.ts';
import { HANG } from '../../hang.ts';
import { counts, inspectPage, lastSaid, openLab, overflow, reads, skip } from './visitor.ts';

const { visit, workshop } = await openLab();

/** Kills the haproxy that the lab has started. */
function killProxy(): void {
  const rows = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' })
    .split('\n')
    .map((line) => /(\d+) +(\d+) (.*)/.exec(line) ?? []);
  const supervisors = rows.filter(([, , parent]) => Number(parent) === workshop.child.pid);
  const proxies = rows.filter(
    ([, , parent, args = '']) =>
      /^\S*haproxy -db -f /.test(args) && supervisors.some(([, pid]) => pid === parent),
  );
  assert.equal(proxies.length, 1);
  process.kill(Number(proxies[0]?.[1]), 'SIGKILL');
}

/** Presses a button, and waits until its task is over. */
async function press(page: Page, part: 'web' | 'databases', button: string): Promise<void> {
  await page.locator(button).click();
  const over = page.locator(`#${part}-state .good:not(td *), #${part}-state .bad:not(td *)`);
  await over.waitFor();
}

test('a site of three servers counts on while one is killed and comes back', {
  skip,
}, async () => {
  const { page } = await visit('/servers/');
  await page.locator('#web-start').press('Enter');
  await page.locator('#web-100').waitFor();
  await reads(lastSaid(page), 'The programs have started.');
  // The button is gone; the focus stays at its place.
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'web-state');
  await page.locator('#web-100').click();
  await page.locator('#web-toggle-B').click();
  await page.locator('#web-state').getByText('killed').waitFor();
  await reads(page.locator('#web-state'), /✔ .*Nothing that was answered is lost/s);
  await page.locator('#web-toggle-B').click();
  await page.getByRole('button', { name: 'Kill B' }).waitFor();
  await page.locator('#web-forget').click();
  await page.getByText('No visit yet.').waitFor();
  for (const name of ['A', 'B', 'PHP']) await page.locator(`#web-toggle-${name}`).click();
  await page.getByText('Every server was killed: no visit is answered. Start one again.').waitFor();
  const said = page.locator('#announcer');
  const hasSaid = (sentence: string) => said.getByText(sentence).waitFor({ state: 'attached' });
  // The answer to the press comes after the outcome, as it may on a busy machine.
  await page.route(
    '**/servers',
    async (route) => {
      const response = await route.fetch();
      await hasSaid('1 visit sent.');
      await route.fulfill({ response });
    },
    { times: 1 },
  );
  await page.locator('#web-1').click();
  await hasSaid('Begun: 1 visit.');
  await reads(lastSaid(page), '1 visit sent. The counter shows 0. 0 visits answered, 1 not.');
  for (const name of ['A', 'B', 'PHP']) await page.locator(`#web-toggle-${name}`).click();
  await reads(page.locator('#web-state'), /(?:● up[^●]*){3}/);
  await page.locator('#web-forget').click();
  await page.getByText('No visit yet.').waitFor();
  await press(page, 'web', '#web-1');
  await reads(page.locator('#web-state'), /The counter shows 1\. 1 visit answered\./);
  killProxy();
  await reads(
    page.locator('#web-state'),
    /✘ haproxy [\d.]+ has ended: no visit reaches a server\./,
  );
  assert.deepEqual(await inspectPage(page), []);
  await page.locator('#web-reopen').press('Enter');
  await reads(lastSaid(page), /^haproxy [\d.]+ is up again\.$/);
  await press(page, 'web', '#web-1');
  await reads(page.locator('#web-state'), /The counter shows 2\. 2 visits answered\./);
});

test('a server that hangs is taken out, and resumed, with the keyboard alone', {
  skip,
}, async () => {
  const { page } = await visit('/servers/');
  const [state, said] = [page.locator('#web-state'), lastSaid(page)];
  await state.locator('#web-start, #web-100').first().waitFor();
  if (await page.locator('#web-start').isVisible()) await page.locator('#web-start').press('Enter');
  await page.locator('#web-forget').waitFor();
  await page.locator('#web-forget').press('Enter');
  await page.getByText('No visit yet.').waitFor();
  await page.locator('#web-hang-B').press('Enter');
  await reads(said, 'B hangs: it accepts visits and answers none.');
  await reads(state, /^B .*○ hung/m);
  const hang = page.locator('#web-hang-B');
  assert.equal(await hang.getAttribute('aria-label'), 'Resume B');
  assert.ok(
    await hang.evaluate((button) => button === document.activeElement),
    'the focus is lost',
  );
  await page.locator('#web-100').press('Enter');
  // Visits that reached it before it was taken out end with it; all others are answered.
  await reads(
    said,
    /^100 visits sent\. The counter shows \d+\. (9[4-9] visits answered, [1-6] not|100 visits answered)\.$/,
  );
  await reads(state, /^B .*○ hung\s+0\s[\s\S]*✔ .*Nothing that was answered is lost/m);
  await hang.press('Enter');
  await reads(said, 'B goes on.');
  await reads(state, /^B .*● up/m);
  await page.locator('#web-hang-B').press('Enter');
  await page.getByRole('button', { name: 'Kill B' }).press('Enter');
  await reads(state, /^B .*○ killed/m);
  await counts(hang, 0);
  await page.getByRole('button', { name: 'Start again B' }).press('Enter');
  await reads(state, /^B .*● up/m);
  assert.deepEqual(await inspectPage(page), []);
});

test('a cluster loses no save that compares the version, though a node dies or hangs', {
  skip,
}, async () => {
  const { page } = await visit('/servers/', { width: 390, dark: true });
  await page.locator('#databases-start').click();
  await page.locator('#save-version').waitFor();
  await page.locator('#save-version').click();
  await page.locator('#databases-toggle-n2').click();
  await page.getByRole('button', { name: 'Bring back n2' }).waitFor();
  const state = page.locator('#databases-state');
  await state.getByText('were acknowledged, and the row says').waitFor();
  await reads(state, /✔ .*none is lost/s);
  await page.locator('#databases-toggle-n2').click();
  await page.getByRole('button', { name: 'Kill n2' }).waitFor();
  await reads(state, /(?:● Synced[^●]*){3}/);
  const hang = page.locator('#databases-hang-n3');
  await hang.press('Enter');
  await reads(state, /^n3\s.*○ hung\s+no answer/m);
  assert.equal(await hang.getAttribute('aria-label'), 'Resume n3');
  await page.locator('#save-version').press('Enter');
  await reads(state, /acknowledged so far/);
  await page.locator('#save-version').press('Enter');
  await reads(
    page.locator('.refusal > .refused'),
    'Still at work: 300 saves by comparing the version. Wait for its end.',
  );
  await page.keyboard.press('Escape');
  await counts(page.locator('.refusal'), 0);
  // The others leave it out, and its workers go to them: no save is lost, and none waits for ever.
  await state.getByText('were acknowledged, and the row says').waitFor();
  await reads(state, /✔ .*none is lost/s);
  await hang.press('Enter');
  await reads(lastSaid(page), 'n3 goes on, and is sent the saves that it has missed.');
  await reads(state, /(?:● Synced[^●]*){3}/);
  assert.equal(await overflow(page), 0);
  assert.deepEqual(await inspectPage(page), []);
});

test('lost saves are counted, and saves without an answer are counted apart', () => {
  const ledger = { way: 'lock', acknowledged: 300, unsure: 0, repeated: 4 } as const;
  assert.match(sentenceOf({ ...ledger, total: 172 }), /the row says 172: 128 are lost\.$/);
  assert.match(sentenceOf({ ...ledger, total: 300 }), /the row says 300: none is lost\.$/);
  assert.match(
    sentenceOf({ ...ledger, acknowledged: 298, unsure: 2, total: 299 }),
    /none is lost; of 2 it is unknown, as no answer came\.$/,
  );
});

test('a worker whose nodes have all ended stops when the lab ends', {
  timeout: HANG,
}, async () => {
  const node = { url: 'mysql://nobody@127.0.0.1:1/' } as GaleraNode;
  const ending = new AbortController();
  const ledger = {
    way: 'lock',
    acknowledged: 0,
    unsure: 0,
    repeated: 0,
    total: undefined,
  } as const;
  const adding = new Worker([node], 0).add({ ...ledger }, ending.signal);
  ending.abort();
  await adding;
});

test('a node that is alone takes no save, and the page says what to do', () => {
  const [up, killed] = [
    { name: 'n1', isUp: true, isHung: false, state: 'out of the group', number: undefined },
    { name: 'n2', isUp: false, isHung: false, state: 'killed', number: undefined },
  ];
  const lab = new Lab();
  const databases = new (class extends Databases {
    override get state() {
      return { state: 'up' } as const;
    }
    override get lanes() {
      return [up, killed, { ...killed, name: 'n3' }];
    }
  })(lab);
  const model = { lab, web: new WebServers(lab), databases };
  const drawn = String(serversParts(model).get('databases-state'));
  assert.match(drawn, /No node takes a save: .* Bring another back, or resume it\./);
  assert.throws(() => databases.save(300, 'version'), /No node takes a save/);
});

test('a task that fails is kept in words for the page, until the next one begins', async () => {
  const machine = new (class extends Machine {
    protected override async begin() {}
    protected override async end() {}
  })(new Lab());
  machine.start();
  while (machine.state.state !== 'up') await setImmediate();
  machine.perform('300 saves', async () => {
    throw new Error('no node answers');
  });
  while (machine.work !== undefined) await setImmediate();
  assert.equal(machine.trouble, '300 saves: no node answers');
  machine.perform('300 saves', async () => 'done');
  assert.equal(machine.trouble, undefined);
});
