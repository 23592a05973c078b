import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { after, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { HANG } from '../../hang.ts';
import { closeWorkshops, openWorkshop, type Workshop } from './workshop.ts';

after(closeWorkshops);

const mine = 'lessons/mine/sessions.ts';
const prompt = /h hint · d diff · a attack · r run · n next · q quit\n/;

/** Command lines of processes that run out of a workshop's folder. */
function leftBy({ folder }: Workshop): string[] {
  const lines = existsSync('/proc/self/cmdline')
    ? readdirSync('/proc')
        .filter((name) => /^\d+$/.test(name))
        .map((pid) => {
          try {
            return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
          } catch {
            return '';
          }
        })
    : execFileSync('ps', ['-A', '-o', 'args='], { encoding: 'utf8' }).split('\n');
  return lines.filter((line) => line.includes(basename(folder)));
}

/** A process that was killed is listed until the system has freed its memory. */
async function leavesNothing(workshop: Workshop): Promise<void> {
  const end = performance.now() + HANG;
  while (leftBy(workshop).length > 0 && performance.now() < end) await setImmediate();
  assert.deepEqual(leftBy(workshop), []);
}

/** Lesson 03's class with something else in Write. */
function writeWith(workshop: Workshop, body: string): string {
  return workshop
    .classOf('03')
    .replace(/(static async Write\(.*\n)/, (line) => `${line}    ${body}\n`);
}

test('a lesson goes from red to green to the next one and leaves nothing behind', async () => {
  const workshop = await openWorkshop();
  const learner = workshop.type('lesson', '3');
  await learner.sees(/sessions\.ts is new: a copy of lesson 02's class/);
  // Without colours, as on a CI machine, code keeps its marks.
  await learner.sees(/Write `?Write`?\./);
  await learner.sees(/open {2}lessons\/mine\/sessions\.ts:\d+/);
  await learner.sees(/checking lesson 03 …/);
  await learner.sees(/✘ 03 a new session can be read back/);
  await learner.sees(/lessons\/mine\/sessions\.ts:\d+/);
  await learner.sees(/next: write the method, then save/);
  await learner.sees(/lessons 01–02 ✔ \d+ tests/);
  await learner.sees(prompt);

  learner.press('n');
  await learner.sees(/Lesson 03 is not done yet\..*npm run catch-up 4/);
  learner.press('h');
  await learner.sees(/1\. Two cases[\s\S]*hint 1 of 5 · press h again/);
  learner.press('d');
  await learner.sees(/Write · - yours, \+ lesson 03's\n\+static async Write/);
  await learner.sees(prompt);

  workshop.write(mine, workshop.classOf('03'));
  await learner.sees(/✔ 03 done · \d+ new, \d+ old tests · attack: held · press n for 04/);
  await learner.sees(prompt);
  learner.press('a');
  await learner.sees(
    /attack 03 on mine …\n {2}1 {2}the visitor[\s\S]*✔ held: the last write is there/,
  );
  await learner.sees(prompt);
  learner.press('n');
  await learner.sees(/04 Destroy and collect/);
  await learner.sees(/✘ 04 a destroyed session/);
  await learner.sees(prompt);
  learner.press('q');
  const { code, errors } = await learner.ended();
  assert.equal(code, 0);
  assert.match(errors, /^restored$/m);
  await leavesNothing(workshop);

  const { output } = await workshop.run('lesson', '--list', '--json');
  assert.equal(JSON.parse(output).current, '04', 'the next lesson is remembered');
});

test('a wrong answer is shown with what was expected and where, also after Ctrl-Z', async () => {
  const workshop = await openWorkshop();
  workshop.write(mine, workshop.classOf('02').replace("?? ''", "?? 'x'"));
  const learner = workshop.typeUnder('"$@"; echo "suspended: $?"; fg', 'lesson', '2');
  await learner.sees(/✘ 02 an unknown id reads as an empty string\n/);
  await learner.sees(
    / {2}expected ''\n {2}got {6}'x'\n {2}lessons\/mine\/sessions\.ts:\d+ Read\(\)/,
  );
  await learner.sees(prompt);
  learner.press('\u001a');
  await learner.sees(/^suspended: 148\n/m);
  learner.press('r');
  await learner.sees(/✘ 02 an unknown id/);
  await learner.sees(prompt);
  learner.press('q');
  assert.equal((await learner.ended()).code, 0);
});

test('a broken older promise is shown when the lesson itself is green', async () => {
  const workshop = await openWorkshop();
  workshop.write(mine, workshop.classOf('03').replace("?? ''", "?? 'x'"));
  const learner = workshop.type('lesson', '3');
  await learner.sees(/✘ 02 an unknown id[\s\S]*an older promise: lesson 03's own tests are green/);
  await learner.sees(/next: make lesson 02's promise good again/);
  learner.press('q');
  await learner.ended();
});

test('the watcher survives whatever the class does to its process', async () => {
  const workshop = await openWorkshop();
  workshop.write(mine, workshop.classOf('03'));
  const learner = workshop.type('lesson', '3');
  await learner.sees(/✔ 03 done/);
  await learner.sees(prompt);

  workshop.write(mine, `${workshop.classOf('03')}\nexport const = 3;\n`);
  await learner.sees(/✘ 03 the class cannot be loaded\n {2}Syntax error: Expected identifier/);
  await learner.sees(/lessons\/mine\/sessions\.ts:\d+\n {2}next: fix that line/);
  await learner.sees(prompt);

  workshop.write(mine, writeWith(workshop, 'process.exit(0);'));
  await learner.sees(/process\.exit\(0\)[\s\S]*lessons\/mine\/sessions\.ts:\d+ Write\(\)/);
  await learner.sees(prompt);

  workshop.write(mine, writeWith(workshop, "void Promise.reject(new Error('lost'));"));
  await learner.sees(/a promise was rejected without a handler: .*lost/);
  await learner.sees(/lessons\/mine\/sessions\.ts:\d+ Write\(\)/);
  await learner.sees(prompt);

  workshop.write(mine, writeWith(workshop, 'for (;;);'));
  await learner.sees(/✘ 03 [\s\S]*an endless loop[\s\S]*lessons\/mine\/sessions\.ts:\d+ Write/);
  await learner.sees(prompt);

  workshop.write(mine, workshop.classOf('03'));
  await learner.sees(/✔ 03 done/);
  learner.press('q');
  const { code, errors } = await learner.ended();
  assert.equal(code, 0);
  assert.match(errors, /^restored$/m);
  await leavesNothing(workshop);
});

test('a save during a check aborts it and checks the newer file', async () => {
  const workshop = await openWorkshop();
  workshop.write(mine, writeWith(workshop, 'for (;;);'));
  const learner = workshop.type('lesson', '3');
  await learner.sees(/checking lesson 03 …/);
  learner.press('h');
  workshop.write(mine, workshop.classOf('03'));
  await learner.sees(/checking lesson 03 …/);
  await learner.sees(/✔ 03 done/);
  assert.doesNotMatch(learner.screen, /hint 1 of/, 'keys pressed during a check mean nothing');
  assert.doesNotMatch(learner.screen, /✘/, 'of the older check nothing is said');
  learner.press('q');
  await learner.ended();
});

test('Ctrl-C in the middle of a check ends everything at once', async () => {
  const workshop = await openWorkshop();
  workshop.write(mine, writeWith(workshop, 'for (;;);'));
  const learner = workshop.type('lesson', '3');
  await learner.sees(/checking lesson 03 …/);
  learner.press('\u0003');
  const { code, errors } = await learner.ended();
  assert.equal(code, 130);
  assert.match(errors, /^restored$/m);
  await leavesNothing(workshop);
});

test('closing the terminal ends the watcher', async () => {
  const workshop = await openWorkshop();
  workshop.write(mine, workshop.classOf('03'));
  const learner = workshop.type('lesson', '3');
  await learner.sees(/✔ 03 done/);
  learner.hangUp();
  await learner.ended();
  await leavesNothing(workshop);
});

test('a file that is replaced or deleted stays watched', async () => {
  const workshop = await openWorkshop();
  workshop.write(mine, workshop.classOf('02'));
  const learner = workshop.type('lesson', '3');
  await learner.sees(/✘ 03/);
  await learner.sees(prompt);
  rmSync(join(workshop.folder, mine));
  await learner.sees(/sessions\.ts is gone\. Save it again/);
  await learner.sees(prompt);
  writeFileSync(join(workshop.folder, mine), workshop.classOf('03'));
  await learner.sees(/✔ 03 done/);
  learner.press('r');
  await learner.sees(/✔ 03 done/);
  learner.press('q');
  assert.equal((await learner.ended()).code, 0);
});
