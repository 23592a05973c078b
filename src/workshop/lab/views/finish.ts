/** The page after the last lesson: the learner's progress, every attack on their class, and its text. */
import { readFileSync } from 'node:fs';
import { minePath, shown } from '../../course/catalogue.ts';
import { isAsGiven, type LessonProgress, progress } from '../../course/progress.ts';
import { noClassYet } from '../class-file.ts';
import type { Gauntlet } from '../gauntlet.ts';
import type { Cell, Seen } from '../gauntlet-grid.ts';
import { type Html, html } from '../html.ts';
import type { Lab } from '../lab.ts';
import { lessonToPlay } from '../methods.ts';
import { count } from '../text.ts';
import { frame, panelStyles, topBar } from './frame.ts';
import { listing } from './learn.ts';
import { countDone, lessonStrip } from './lessons.ts';
import { statusLine } from './status.ts';

interface FinishModel {
  lab: Lab;
  gauntlet: Gauntlet;
}

const STATES: Record<LessonProgress['state'], Html> = {
  page: html``,
  open: html`open`,
  earlier: html`done earlier`,
  done: html`<span class="good">✔ done</span>`,
};
const VERDICTS: Partial<Record<Seen['state'], Html>> = {
  held: html`<span class="good">✔ held</span>`,
  breached: html`<span class="bad">✘ breached</span>`,
};

/** Draws the parts of the page that change, by their element's id. */
export function finishParts(model: FinishModel): Map<string, Html> {
  const { lab } = model;
  return new Map([
    ['status', statusLine({ lab })],
    ['strip', lessonStrip(lab, undefined)],
    ['way', wayPart(lab)],
    ['row', rowPart(model)],
  ]);
}

/** Draws the page. */
export function finishPage(model: FinishModel): Html {
  const { lab } = model;
  const parts = finishParts(model);
  const inside = html`${topBar(lab)}
<nav id="strip" class="lessons live" aria-label="Lessons" data-live>${parts.get('strip')}</nav>
<main id="main" tabindex="-1" class="end">
<h1>The finish</h1>
<section id="way" class="live panel" data-live aria-labelledby="way-heading">${parts.get('way')}</section>
<section id="row" class="live panel" data-live aria-labelledby="row-heading">${parts.get('row')}</section>
${lab.hasMine && twoClasses(lab)}
</main>`;
  return frame({
    title: 'The finish',
    styles: [...panelStyles, 'finish.css'],
    script: { name: 'lab.js', live: '/finish/live' },
    inside,
  });
}

/** The lessons, with the date and the hints of each. */
function wayPart(lab: Lab): Html {
  const entries = progress(lab.lessons).filter(({ state }) => state !== 'page');
  const { done, of } = countDone(entries);
  const hints = entries.reduce((sum, entry) => sum + entry.hints, 0);
  const dates = entries.flatMap(({ reached }) => reached ?? []).sort();
  const [first, last] = [dates[0], dates.at(-1)].map(day);
  return html`<h2 id="way-heading">${done === of ? 'Every lesson is done' : html`${done} of ${count(of, 'lesson')} done`}</h2>
  <p>${
    done === of
      ? html`Your class passes the tests of all ${of} lessons${first !== '' && html`, done ${first === last ? html`on ${first}` : html`from ${first} to ${last}`}`}, with ${count(hints, 'hint')}. What is left: the exercises at the ends of the pages, which <code>npm run extra</code> checks, and <a href="/docs/">the library</a> to which the lessons lead.`
      : remaining(entries)
  }</p>
  <div class="scroll" tabindex="0" role="region" aria-labelledby="way-caption"><table>
    <caption class="unseen" id="way-caption">The lessons, when each was done, and with how many hints</caption>
    <thead><tr><th scope="col">Lesson</th><th scope="col">State</th><th scope="col">Done on</th><th scope="col">Hints</th></tr></thead>
    <tbody>${entries.map(
      ({ lesson: { label, number, title }, state, reached, hints: used }) =>
        html`<tr><th scope="row"><a href="/lesson/${label}/">${number}. ${title}</a></th><td>${STATES[state]}</td><td>${day(reached)}</td><td>${used}</td></tr>`,
    )}</tbody>
  </table></div>`;
}

/** Explains which lessons are not done, and how to finish them. */
function remaining(entries: readonly LessonProgress[]): Html {
  const isEarlier = entries.some(({ state }) => state === 'earlier');
  return html`A lesson is open until its tests and those before are green, and its attack is held, on one version of your class. Lessons that <code>npm run catch-up</code> has skipped are open, too.${
    isEarlier && ' A lesson is “done earlier” when your class has changed since.'
  } ${
    isAsGiven()
      ? html`Your class is still as the workshop wrote it: what it passes is not recorded before you change it.`
      : html`To get the mark for all lessons up to yours, run <code>npm run check</code> in a terminal, and then every attack here.`
  }`;
}

function day(time: string | undefined): string {
  if (time === undefined) return '';
  return new Date(time).toLocaleDateString('en-GB', { dateStyle: 'medium' });
}

/** The learner's row of the gauntlet, run when the button is pressed. */
function rowPart({ lab, gauntlet }: FinishModel): Html {
  const heading = html`<h2 id="row-heading">Every attack on your class</h2>`;
  const { grid, progress: run } = gauntlet;
  const subject = grid.classes.find(({ condition }) => condition === 'mine');
  if (!subject) return html`${heading}<p>${noClassYet(lab.findClass('mine'))}</p>`;
  const cells = grid.attacks.map((attack): Seen & Cell => {
    const cell = { subject, attack };
    return { ...cell, ...gauntlet.look(grid, cell) };
  });
  const held = cells.filter(({ state }) => state === 'held').length;
  const off = run.running || lab.database.state !== 'up';
  return html`${heading}
  <form method="post" action="/run" data-action class="line">
    <input type="hidden" name="token" value="${lab.token}"><input type="hidden" name="finish" value="yes">
    <button class="primary" name="run" value="class mine" id="run-mine"${off && html` aria-disabled="true"`}>${run.running ? 'Attacking …' : 'Run every attack'}</button>
    <p class="sum ${held === cells.length && 'good'}">${held === cells.length && '✔ '}${held} of ${cells.length} held</p>
  </form>
  <div class="scroll" tabindex="0" role="region" aria-labelledby="row-caption"><table>
    <caption class="unseen" id="row-caption">The verdict of each attack on your class</caption>
    <thead><tr><th scope="col">Attack</th><th scope="col">Verdict</th><th scope="col">Because</th></tr></thead>
    <tbody>${cells.map(
      ({ attack: { label, number, title }, state, because }) =>
        html`<tr><th scope="row"><a href="/lesson/${label}/?class=mine#attacks">${number}. ${title}</a></th><td>${VERDICTS[state] ?? state}</td><td>${because}</td></tr>`,
    )}</tbody>
  </table></div>`;
}

/** The article's class, ported whole, beside the learner's. */
function twoClasses(lab: Lab): Html {
  const { lessons, currentLesson } = lab;
  const first = lessons[0] ?? currentLesson;
  const article = lessonToPlay(first, lessons);
  const [before, after] = [article.files.class, minePath].map((path) => readFileSync(path, 'utf8'));
  const column = (name: string, text: string, path: string) =>
    html`<div><h3>${name} <small>${count(text.trimEnd().split('\n').length, 'line')}</small></h3>${listing(text, 'typescript', shown(path))}</div>`;
  return html`<section class="panel" aria-labelledby="two-heading">
  <h2 id="two-heading">The article’s class, and yours <small><a href="/compare/?left=${article.condition}&amp;right=mine">try them side by side</a></small></h2>
  <div class="two">${column(`Lesson ${article.number}`, before ?? '', article.files.class)}${column('Yours', after ?? '', minePath)}</div>
</section>`;
}
