/** An attack ends in a verdict or in an honest failure, whatever it or its victim does. */
import assert from 'node:assert/strict';
import { after, afterEach, beforeEach, test } from 'node:test';
import { type AttackResult, runAttack, runAttacks } from '../../../src/workshop/bench/attacks.ts';
import { findLesson, readLessons } from '../../../src/workshop/course/catalogue.ts';
import { obtainServer } from '../../../src/workshop/machine/database/server.ts';
import { makeWorkshop, type Workshop } from '../matrix/fixture.ts';

const server = await obtainServer();
after(() => server.close());

const attackFile = 'lessons/02-exact/attack.ts';

let workshop: Workshop;
beforeEach(() => {
  workshop = makeWorkshop();
});
afterEach(() => workshop.remove());

async function attack(condition: string, onLine?: (line: string) => void): Promise<AttackResult> {
  const lesson = findLesson(workshop.lessons(), 2);
  return await runAttack({ lesson, condition, server, onLine });
}

test('an attack says its lines and ends with the verdict', async () => {
  const lines: string[] = [];
  const result = await attack('lesson-01', (line) => lines.push(line));
  assert.deepEqual(result, {
    verdict: 'breached',
    because: '1abc reads session 1',
    transcript: ['the cookie says 1abc', 'BREACHED: 1abc reads session 1'],
  });
  assert.deepEqual(lines, result.transcript);
});

test('a class that holds gets the verdict held', async () => {
  const { verdict, transcript } = await attack('lesson-02');
  assert.equal(verdict, 'held');
  assert.equal(transcript.at(-1), 'held: 1abc reads nothing');
});

test('an attack that throws has failed, at the line that threw', async () => {
  workshop.edit(attackFile, 'say(', "if (say) throw new Error('no way in');\n  say(");
  const { verdict, because, transcript } = await attack('lesson-01');
  assert.equal(verdict, 'failed');
  assert.equal(because, 'no way in');
  assert.deepEqual(transcript, ['failed: no way in']);
});

test('an invalid transcript is a failure', async () => {
  workshop.edit(attackFile, 'say(', "for (let line = 0; line < 20; line++) say('again');\n  say(");
  const { verdict, because } = await attack('lesson-01');
  assert.equal(verdict, 'failed');
  assert.match(because, /^the transcript has 22 lines; fewer than 15 can be followed$/);
});

test('a class that cannot be loaded fails the attack with its place', async () => {
  workshop.edit('lessons/01-store/sessions.ts', 'const [row] = rows;', 'const [row = rows;');
  const { verdict, location } = await attack('lesson-01');
  assert.equal(verdict, 'failed');
  assert.equal(location?.line, 15);
});

test('an attack that takes its process down leaves the others their turn', async () => {
  workshop.write(
    'lessons/01-store/attack.ts',
    "import type { Attack } from '#bench';\nexport const attack: Attack = async () => process.exit(7);\n",
  );
  const lessons = workshop.lessons();
  const results = await runAttacks({ lessons, condition: 'lesson-02', server });
  assert.deepEqual(
    results.map(({ verdict }) => verdict),
    ['failed', 'held'],
  );
  assert.match(results[0]?.because ?? '', /^process\.exit\(7\) was called/);
});

test('a lesson without an attack gets an error that says so', async () => {
  const lesson = findLesson(workshop.lessons(), 3);
  await assert.rejects(
    runAttack({ lesson, condition: 'lesson-03', server }),
    /Lesson 03 has no attack/,
  );
});

test('an older attack on a newer class gets the table that the class needs, and says so', async () => {
  const lessons = readLessons();
  const newest = lessons.findLast(({ files }) => files.schema !== undefined)?.number ?? 0;
  const run = { lesson: findLesson(lessons, 4), condition: `lesson-${newest}`, server };
  const own = await runAttack({ ...run, lessonNumber: newest });
  const { verdict, transcript } = await runAttack({ ...run, lessonNumber: 4 });
  assert.equal(verdict, 'held');
  const said = `the class needs a later lesson’s table; this attack runs on that of lesson ${newest}`;
  assert.deepEqual(transcript, [said, ...own.transcript]);
});
