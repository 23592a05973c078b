/** The tables of the store's kept benchmark runs. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { yieldCosts } from '../../../src/workshop/site/costs.ts';

let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'costs-'));
});
after(() => rmSync(folder, { recursive: true }));

const keep = (benchmark: string, text: string): void =>
  writeFileSync(join(folder, `costs-${benchmark}.json`), text);

test('a run is its tables with their notes, and how it was measured', () => {
  const kept = {
    date: '2026-11-27',
    machine: { system: 'linux x64', cores: 2, load: 0.5 },
    versions: { Node: '20.19.0' },
    run: { rounds: 7, clients: 8 },
    rows: [],
    tables: [{ title: 'one | two', head: ['', 'ms'], rows: [['a|b', '1']], note: 'of saves' }],
  };
  keep('gc', JSON.stringify(kept));
  const { kind, text } = yieldCosts('gc', folder) as { kind: string; text: string };
  assert.equal(kind, 'block');
  assert.equal(
    text,
    [
      '**One | two**',
      '',
      '| contender | ms |',
      '| --- | ---: |',
      '| a\\|b | 1 |',
      '',
      'of saves',
      '',
      'Measured on 2026-11-27: 2 cores of linux x64, with a load of 0.5 before the run began. 7 rounds, 8 clients at once. Node 20.19.0.',
    ].join('\n'),
  );
});

test('a run that is missing, damaged or of an older format is an error with the remedy', () => {
  const remedy = 'npm run bench -- http --save docs/costs-http.json';
  const refuses = (message: string): void =>
    assert.throws(
      () => yieldCosts('http', folder),
      ({ message: found }: Error) => found.startsWith(message) && found.endsWith(remedy),
    );
  refuses('there is no docs/costs-http.json');
  keep('http', '{');
  refuses('docs/costs-http.json is not JSON');
  keep('http', '{"date":"2026-11-27"}');
  refuses('docs/costs-http.json has an older format');
  assert.throws(() => yieldCosts('lessons', folder), /there are store, http, gc$/);
});
