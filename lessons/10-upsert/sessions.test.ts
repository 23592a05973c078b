import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { openBench } from '#bench';

const { clock, database, gate, handler, newId, silence, statements, store } = await openBench();
await handler.open('', 'MySession');

/** A comment that begins with `/*!` is executed. */
const valueOrComment = /'(\\.|[^'\\])*'|--\s.*|#.*|\/\*(?!!)[\s\S]*?\*\//g;

const saving = /^\s*(INSERT|UPDATE|REPLACE)/i;

test('a double click on the first page saves both and keeps one row', async () => {
  const before = (await database.rows()).length;
  for (let round = 1; round <= 10; round++) {
    const id = await newId();
    const race = gate(2, /^\s*(SELECT|INSERT|REPLACE)/i, { holds: 'answer', patience: 500 });
    const clicks = await Promise.allSettled([
      handler.write(id, 'count|i:1;'),
      handler.write(id, 'count|i:1;'),
    ]);
    race.open();
    const answers = clicks.map((click) =>
      click.status === 'fulfilled' ? click.value : String(click.reason),
    );
    assert.deepEqual(answers, [true, true]);
    assert.equal(await handler.read(id), 'count|i:1;');
    assert.equal((await database.rows()).length, before + round);
  }
  const [one, two] = ['count|i:1;', 'count|i:2;'];
  for (const saves of [
    [one, two],
    [one, two, one],
  ]) {
    const id = await newId();
    const first = gate(1, saving, { opens: 'by hand', holds: 'answer' });
    const calls: Promise<boolean>[] = [];
    for (const data of saves) {
      const call = handler.write(id, data);
      await (calls.length === 0 ? first.arrived : Promise.race([call, silence(500)]));
      calls.push(call);
    }
    first.open();
    assert.deepEqual(
      await Promise.all(calls),
      saves.map(() => true),
    );
    const kept = 'a save that began while another was at work returned true';
    assert.equal(await handler.read(id), saves.at(-1), kept);
  }
});

test('a save is one statement that leaves the rest of the row alone', async (context) => {
  await database.query("ALTER TABLE sessions ADD COLUMN note varchar(20) NOT NULL DEFAULT ''");
  context.after(() => database.query('ALTER TABLE sessions DROP COLUMN note'));
  const id = await newId();
  const sent = async (data: string): Promise<number> => {
    const before = statements().length;
    const saved = await handler.write(id, data).catch((error: Error) => error.message);
    assert.equal(saved, true, 'the test has added a fourth column, with a default, to the table');
    // Two statements in one packet are two; a semicolon in a value or a comment is none.
    const texts = statements()
      .slice(before)
      .map(({ sql }) => sql.replace(valueOrComment, '').replace(/;\s*$/, ''));
    return texts.join(';').split(';').length;
  };
  const updates = async () => [...new Set((await database.rows()).map(({ updated }) => updated))];
  assert.equal(await sent('count|i:1;'), 1, 'the first save');
  await database.query("UPDATE sessions SET note = 'seen in Graz'");
  const rows = (await database.rows()).length;
  assert.equal(await sent(''), 1, 'a save of an empty session');
  assert.equal((await database.rows()).length, rows, 'rows after a save of an empty session');
  assert.equal(await sent('count|i:2;'), 1, 'a later save');
  for (const { note } of await database.rows()) {
    assert.equal(note, 'seen in Graz', 'the row was deleted and made again');
  }
  clock.advance(60);
  assert.equal(await sent('count|i:3;'), 1, 'the last save');
  assert.equal(await handler.read(id), 'count|i:3;');
  const times = await updates();
  assert.ok(times.includes(clock.now()), `saved at ${clock.now()}, and \`updated\` is ${times}`);
  clock.advance(-90);
  assert.equal(await sent('count|i:4;'), 1, 'a save after the clock was set back');
  const back = 'the clock was set back, and the save was dropped';
  assert.equal(await handler.read(id), 'count|i:4;', back);
  const after = await updates();
  assert.ok(
    after.includes(clock.now()),
    `the clock was set back to ${clock.now()}, and \`updated\` is ${after}`,
  );
});

test('a save that cannot be done is given up within two seconds', async () => {
  const id = await newId();
  await store(id, 'count|i:0;');
  const givenUp = /^(rejected|Write returned false)$/;
  const save = () =>
    Promise.race([
      handler.write(id, 'count|i:1;').then(
        (saved) => `Write returned ${saved}`,
        () => 'rejected',
      ),
      delay(2000, 'Write had not returned after 2 seconds'),
    ]);
  const outcome = await database.withoutTable(save);
  assert.match(outcome, givenUp, 'the test had taken the table away');
  for (const errno of [1213, 1205, 1020]) {
    const fail = `FOR EACH ROW SIGNAL SQLSTATE '40001'
      SET MYSQL_ERRNO = ${errno}, MESSAGE_TEXT = 'caused by the test'`;
    await database.query(`CREATE TRIGGER fail_insert BEFORE INSERT ON sessions ${fail}`);
    await database.query(`CREATE TRIGGER fail_update BEFORE UPDATE ON sessions ${fail}`);
    const answer = await save();
    await database.query('DROP TRIGGER fail_insert');
    await database.query('DROP TRIGGER fail_update');
    assert.match(answer, givenUp, `the test answered every try with error ${errno}`);
    assert.equal(await handler.read(id), 'count|i:0;');
  }
  const lost = save();
  let tries = 0;
  for (let isSent = true; isSent && tries < 100; ) {
    const sent = gate(1, saving, { opens: 'by hand' });
    isSent = await sent.reached(lost);
    if (isSent) tries += 1;
    sent.cut();
  }
  assert.match(await lost, givenUp, `the test cut the connection of each of ${tries} tries`);
});
