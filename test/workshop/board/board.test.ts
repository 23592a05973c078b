/** The board: its program on two stores, ours in every case that counts, and the run of the page. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ownFaults, runBoard } from '../../../src/workshop/board/board.ts';
import { drawBoard } from '../../../src/workshop/board/table.ts';
import { obtainServer } from '../../../src/workshop/machine/database/server.ts';
import { boardPictures, readBoard } from '../../../src/workshop/site/pictures/board.ts';

const server = await obtainServer();
after(() => server.close());

test('the program finds the cases that two stores pass and those that they fail', async () => {
  const progress: string[] = [];
  const names = ['express-mysql-session', 'MemoryStore', 'phpsessid, Express'];
  const board = await runBoard(server, names, (line) => progress.push(line));
  assert.deepEqual(progress, ['express-mysql-session …', 'MemoryStore …', 'phpsessid, Express …']);
  const outcome = (name: string, part: string): string | undefined =>
    [...board.stores, ...board.layers]
      .find((row) => row.name === name)
      ?.cells.find((cell) => cell.case.includes(part))?.outcome;
  for (const name of ['express-mysql-session', 'MemoryStore']) {
    assert.equal(outcome(name, 'returns what set() was given'), 'kept');
    assert.equal(outcome(name, 'after the logout does not log in again'), 'broken');
  }
  assert.equal(outcome('express-mysql-session', 'cannot be reached'), 'kept');
  assert.equal(outcome('MemoryStore', 'cannot be reached'), 'lacking');
  assert.deepEqual(ownFaults(board), []);
  const drawn = drawBoard(board);
  assert.match(drawn, / ✘ {2}✘ {2}recommended {2}set: a save that comes after the logout/);
  assert.match(drawn, /✘ MemoryStore\n {4}set: a save .*\n {4}the session is there again/);
});

test('a fault of ours is named', () => {
  const cell = { outcome: 'broken', reason: 'it is gone' } as const;
  const row = (name: string, named: string) => ({
    name,
    version: '1',
    how: '',
    cells: [{ ...cell, case: named }],
  });
  const required = 'destroy: an unknown id is no error';
  const board = { date: '', versions: {}, layers: [] };
  const stores = [
    row('phpsessid', required),
    row('phpsessid', 'clear: ends all sessions'),
    row('MemoryStore', required),
  ];
  assert.deepEqual(ownFaults({ ...board, stores }), [`phpsessid: ${required}: it is gone`]);
});

test('the run that the page shows is of these cases, and ours are green in it', async () => {
  assert.deepEqual(ownFaults(readBoard()), []);
  for (const draw of Object.values(boardPictures)) assert.match((await draw()).text, /^.+/);
});

test('a run of other cases, or none, is refused with the command that makes one', () => {
  const folder = mkdtempSync(join(tmpdir(), 'phpsessid-board-'));
  after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'board.json');
  assert.throws(() => readBoard(path), /there is no .*; npm run board -- --save/);
  const cells = [{ case: 'get: an older case', outcome: 'kept' }];
  const stores = [{ name: 'MemoryStore', version: '1', how: '', cells }];
  writeFileSync(path, JSON.stringify({ stores, layers: [] }));
  assert.throws(() => readBoard(path), /other cases for MemoryStore .*; npm run board -- --save/);
});
