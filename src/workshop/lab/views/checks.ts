/** The tests with their state and the attacks with their transcripts. */
import type { TestResult } from '../../bench/tests.ts';
import type { Lesson } from '../../course/catalogue.ts';
import type { Prediction } from '../../course/note.ts';
import { predictionOf } from '../../course/progress.ts';
import { schemaFor } from '../../course/tables.ts';
import { namePlace } from '../../sandbox/location.ts';
import { type AttackRun, fileState } from '../attack-runs.ts';
import type { View } from '../class-file.ts';
import { type Html, html } from '../html.ts';
import { count } from '../text.ts';
import { actionForm, type PageModel } from './model.ts';

const VERDICTS = { breached: '✘ BREACHED', held: '✔ held', failed: '✘ could not run' };

/** The button, the sum and each test of this lesson; older lessons in one line each. */
export function testsPanel(model: PageModel): Html {
  const { lab, view } = model;
  const { lesson, subject } = view;
  const run = lab.tests.get(`${subject.condition} ${lesson.label}`);
  if (!lab.lessons.some((each) => each.number <= lesson.number && each.files.test)) {
    return html`<p class="empty">This lesson is a page to read: it has no tests of its own.</p>`;
  }
  const button = actionForm(
    model,
    '/tests',
    html`<button class="primary" id="run-tests"${(run?.running || lab.database.state !== 'up') && html` aria-disabled="true"`}>${run?.running ? 'Running …' : 'Run the tests'}</button>`,
  );
  if (!run) {
    return html`${button}<p class="empty">This lesson proves ${count(lesson.proves.length, 'thing')}:</p>
    <ul class="tests">${lesson.proves.map((name) => html`<li><span class="sign" aria-hidden="true">·</span> ${name}</li>`)}</ul>`;
  }
  const failed = run.results.filter((result) => !result.passed);
  const passed = run.results.length - failed.length;
  const sameError = groupByError(failed);
  const isOld = !run.running && run.file !== fileState(subject.path);
  return html`${button}
    ${isOld && html`<p class="muted">The class has changed since this run.</p>`}
    <p class="sum">${
      run.error !== undefined
        ? html`<span class="bad">✘ The tests could not run: ${run.error}</span>`
        : html`${passed > 0 && html`<span class="good">✔ ${passed} passed</span>`}${failed.length > 0 && html` <span class="bad">✘ ${failed.length} failed</span>`}${run.types.length > 0 && html` <span class="bad">✘ ${count(run.types.length, 'type error')}</span>`}${run.running && ' …'}`
    }</p>
    ${notRecorded(run)}
    ${run.types.map(
      (problem) => html`<p class="well">${problem.message} <code>${namePlace(problem)}</code></p>`,
    )}
    ${olderLessons(run.results, lesson.label)}
    ${[...sameError.values()].map((results) => drawShared(results, view, lab.lessons))}
    <ul class="tests">${run.results
      .filter((result) => result.lesson === lesson.label || !result.passed)
      .filter((result) => !sameError.has(errorOf(result)))
      .map(oneTest)}</ul>`;
}

/** The attacks that reach this class: the lesson's own first, then older ones. */
export function attacksPanel(model: PageModel): Html {
  const { lab, view } = model;
  const { lesson, subject } = view;
  const attacks = lab.lessons
    .filter((each) => each.files.attack && each.number <= lesson.number)
    .sort((one, other) => other.number - one.number);
  if (attacks.length === 0) {
    const first = lab.lessons.find((each) => each.files.attack);
    return html`<p class="empty">Nothing to attack yet${first && `: the first attack comes with lesson ${first.label}`}.</p>`;
  }
  return html`${attacks.map((each) => {
    const run = lab.attacks.get(`${subject.condition} ${each.label}`);
    const disabled = run?.running || lab.database.state !== 'up';
    const isOwn = each.number === lesson.number;
    const isOld = run !== undefined && !run.running && run.file !== fileState(subject.path);
    const said = isOwn ? predictionOf(lesson, subject.condition) : undefined;
    return html`<div class="attack">
      ${isOwn && (!run || isOld) && predictionForm(model, said)}
      ${actionForm(
        model,
        '/attack',
        html`<input type="hidden" name="attack" value="${each.label}">
        <button id="attack-${each.label}" aria-describedby="title-${each.label}"${isOwn && html` class="primary"`}${disabled && html` aria-disabled="true"`}>${run?.running ? 'Attacking …' : `Attack ${each.label}`}</button>
        <span class="muted" id="title-${each.label}">${each.title}</span>`,
      )}
      ${isOld && html`<p class="muted">The class has changed since this verdict.</p>`}
      ${run && transcript(run, said)}${run && notRecorded(run)}
      ${isOwn && run?.verdict === 'failed' && run.reason !== 'missing' && html`<p class="muted">The attack needs a class that serves its requests: run the tests first, they name the line.</p>`}
    </div>`;
  })}`;
}

function notRecorded({ unrecorded }: { unrecorded?: string | undefined }): Html | false {
  return unrecorded !== undefined && html`<p class="message bad">${unrecorded}</p>`;
}

/** Two buttons, of which the pressed one is the prediction; answering is optional. */
function predictionForm(model: PageModel, said: Prediction | undefined): Html {
  const button = (value: Prediction, text: string) =>
    html`<button name="says" value="${value}" id="says-${value}" aria-pressed="${String(said === value)}">${text}</button>`;
  return actionForm(
    model,
    '/predict',
    html`<fieldset class="predict line"><legend>First, what do you expect of ${model.view.subject.name}?</legend>${button('held', 'It holds')}${button('breached', 'It is breached')}</fieldset>`,
  );
}

/** An attack's lines so far, and its verdict with the prediction beside it. */
export function transcript(
  { running, lines, verdict, because }: AttackRun,
  said?: Prediction,
): Html {
  return html`<ol class="transcript well">${lines.map((line) => html`<li>${line.replace(/^\s*\d+[.)]\s+/, '')}</li>`)}</ol>${
    running &&
    html`<p class="muted">${lines.length === 0 ? 'The attack begins …' : 'The attack goes on …'}</p>`
  }${
    verdict &&
    html`<p class="verdict well ${verdict}"><strong>${VERDICTS[verdict]}</strong> ${because}${
      said &&
      html` <span class="said">You said ${said}${said === verdict && ', and you were right'}.</span>`
    }</p>`
  }`;
}

function olderLessons(results: TestResult[], current: string): Html {
  const labels = [...new Set(results.map((result) => result.lesson))].filter(
    (label) => label !== current,
  );
  if (labels.length === 0) return html``;
  return html`<ul class="older line wide">${labels.map((label) => {
    const own = results.filter((result) => result.lesson === label);
    const failed = own.filter((result) => !result.passed).length;
    return html`<li class="${failed > 0 ? 'bad' : 'good'}">${failed > 0 ? '✘' : '✔'} ${label} <span class="muted">${own.length - failed} of ${own.length}</span></li>`;
  })}</ul>`;
}

/** The error and its place; a page's failure names the class's error behind its own. */
function errorOf({ message, location }: TestResult): string {
  const error = message.split('the class failed: ').at(-1) ?? '';
  return location ? `${error} ${namePlace(location)}` : error;
}

/** The errors that end at least three tests, each with its tests. */
function groupByError(failed: readonly TestResult[]): Map<string, TestResult[]> {
  const groups = new Map<string, TestResult[]>();
  for (const result of failed) {
    const error = errorOf(result);
    groups.set(error, [...(groups.get(error) ?? []), result]);
  }
  return new Map([...groups].filter(([, results]) => results.length >= 3));
}

/** One sentence in place of the same error under every test. */
function drawShared(results: TestResult[], { lesson, subject }: View, lessons: Lesson[]): Html {
  const [first] = results;
  if (!first) return html``;
  const isOlderTable =
    schemaFor(lessons, subject.lesson.number) !== schemaFor(lessons, lesson.number);
  return html`<p class="well"><span class="bad">✘ ${count(results.length, 'test')} fail with the same error:</span> ${first.reason === 'not ported' && 'Not ported yet: '}${first.message} ${place(first)}${
    isOlderTable &&
    html` These tests use the table of lesson ${lesson.label}, and ${subject.name} was written for an older one.`
  }</p>
  <details class="small" id="same-${first.lesson}"><summary>The tests</summary><ul class="tests">${results.map(
    ({ lesson: label, name }) =>
      html`<li><span class="sign bad" aria-hidden="true">✘</span> <span class="muted">${label}</span> ${name}</li>`,
  )}</ul></details>`;
}

function place({ location }: TestResult): Html {
  if (!location) return html``;
  const { method, isLastCall } = location;
  const call = method && ` ${method}()`;
  return html`<code>${namePlace(location)}${call}</code>${isLastCall && ', called last'}`;
}

function oneTest(result: TestResult): Html {
  const { passed, name, message, expected, actual, reason } = result;
  if (passed) {
    return html`<li class="passed"><span class="sign good" aria-hidden="true">✔</span><span class="unseen">passed: </span> ${name}</li>`;
  }
  return html`<li class="failed"><span class="sign bad" aria-hidden="true">✘</span><span class="unseen">failed: </span> ${name}
    <div class="why small muted">${expected !== undefined && html`<div>expected <code>${expected}</code></div><div>got <code>${actual}</code></div>`}
    <div>${reason === 'not ported' && 'Not ported yet: '}${message}</div>${place(result)}</div></li>`;
}
