/** A lesson for the room: one heading at a time in big type, the live panels beside it. */
import type { Lesson } from '../../course/catalogue.ts';
import { lessonAfter, lessonBefore } from '../../course/promises.ts';
import { type Html, html } from '../html.ts';
import type { Lab } from '../lab.ts';
import { STEPS, type Step, stepsOf } from '../steps.ts';
import { frame, panelStyles, statusPart, WARNING } from './frame.ts';
import { stepText } from './learn.ts';
import { actionForm, type DrawPart, type PageModel } from './model.ts';
import { liveParts } from './page.ts';
import { lessonPanels } from './panels.ts';
import { classPicker } from './picker.ts';

/** The keys, as the overlay lists them. */
const KEYS: readonly [keys: string[], does: string][] = [
  [['→', 'Space', 'PageDown'], 'the next step; after the last one the next lesson'],
  [['←', 'Shift Space', 'PageUp'], 'the step before'],
  [['1', '…', '7'], 'Before, Attack, Idea, Your turn, Solution, Proof, Beyond'],
  [['A'], 'shows the answers of this step, or hides them again'],
  [['T'], 'starts the timer, or stops it'],
  [['Z'], 'resets the timer'],
  [['R'], 'empties the table and deletes the cookies'],
  [['?'], 'shows these keys'],
  [['Esc'], 'closes this list'],
];

/** A lesson's page, at one of its steps. */
interface LectureModel extends PageModel {
  step: Step;
}

/** Draws the page of one step. */
export function lecture(model: LectureModel): Html {
  const { lab, view, step } = model;
  const { lesson, subject } = view;
  const parts = liveParts(model);
  const live = (id: string) => html`<div id="${id}" class="live" data-live>${parts.get(id)}</div>`;
  const panels = drawPanels(model, live);
  const inside = html`<header class="bar line spread">
  <h1><span class="number">${lesson.number}</span> ${lesson.title}</h1>
  ${stepList(lab, lesson, step)}
  ${tools(model)}
</header>
<main id="main" tabindex="-1" class="${panels.length === 0 && 'no-panels'}">
  <article class="prose" aria-labelledby="step-heading">
    <h2 id="step-heading">${step.heading}</h2>
    ${stepText(lesson, step, lab.lessons)}
  </article>
  ${panels.length > 0 && html`<div id="play" class="beside" tabindex="0" role="region" aria-label="Live panels">${panels}</div>`}
</main>
<footer class="foot line wide fine">
  ${statusPart(lab)}
  ${WARNING}
  <a href="/lesson/${lesson.label}/?whole">The whole page of this lesson</a>
</footer>
${overlay()}`;
  return frame({
    title: `${lesson.number}. ${lesson.title}: ${step.heading}`,
    styles: [...panelStyles, 'lecture.css'],
    script: {
      name: 'lecture.js',
      live: `/live?lesson=${lesson.label}&class=${subject.condition}&step=${step.name}`,
    },
    inside,
  });
}

function address(lesson: Lesson, step: Step): string {
  return `/lesson/${lesson.label}/?step=${step.name}`;
}

function stepList({ lessons }: Lab, lesson: Lesson, step: Step): Html {
  const steps = stepsOf(lesson);
  const at = steps.indexOf(step);
  const [before, after] = [lessonBefore(lessons, lesson), lessonAfter(lessons, lesson)];
  const last = STEPS.at(-1) ?? step;
  const previousStep = steps[at - 1];
  const nextStep = steps[at + 1];
  const previous = previousStep
    ? { to: address(lesson, previousStep), name: previousStep.heading }
    : before && { to: address(before, last), name: `lesson ${before.number}` };
  const next = nextStep
    ? { to: address(lesson, nextStep), name: nextStep.heading }
    : after && { to: address(after, STEPS[0]), name: `lesson ${after.number}` };
  return html`<nav class="steps line" aria-label="Steps">
    ${previous && html`<a class="turn" rel="prev" href="${previous.to}"><span aria-hidden="true">←</span><span class="unseen">Back to ${previous.name}</span></a>`}
    <ol class="line">${steps.map(
      (each) =>
        html`<li><a href="${address(lesson, each)}"${each === step && html` aria-current="step"`}>${each.heading}</a></li>`,
    )}</ol>
    ${next && html`<a class="turn" rel="next" href="${next.to}"><span aria-hidden="true">→</span><span class="unseen">On to ${next.name}</span></a>`}
  </nav>`;
}

/** The timer, the answers and the keys need a script, which reveals them. */
function tools(model: LectureModel): Html {
  return html`<div class="tools line fine">
    <div class="timer line" id="timer" role="group" aria-label="Timer" hidden>
      <label><input type="number" id="minutes" aria-label="minutes" min="1" max="180" value="10"> min</label>
      <output id="clock" role="timer" aria-live="off" for="minutes">10:00</output>
      <button type="button" id="timer-start">Start</button>
      <button type="button" id="timer-zero">Reset</button>
    </div>
    ${actionForm(model, '/reset', html`<button id="reset">Empty the table, delete the cookies</button>`)}
    <button type="button" id="answers" aria-pressed="false" hidden>Answers</button>
    <button type="button" id="keys-button" aria-haspopup="dialog" hidden>Keys</button>
  </div>`;
}

/** The panels beside a step. */
const PANELS: Record<Step['name'], readonly (keyof ReturnType<typeof lessonPanels>)[]> = {
  before: ['browser', 'row'],
  attack: ['attacks', 'row'],
  idea: ['time', 'browser', 'row'],
  'your-turn': ['hints', 'code'],
  solution: ['time', 'browser', 'row'],
  proof: ['tests', 'attacks'],
  beyond: [],
};

function drawPanels(model: LectureModel, live: DrawPart): Html[] {
  const { name } = model.step;
  const panels = lessonPanels(model, live);
  const shown = PANELS[name].map((each) => panels[each]);
  if (shown.length === 0 || name === 'your-turn') return shown;
  return [html`${classPicker(model)}${live('notice')}`, ...shown];
}

function overlay(): Html {
  return html`<dialog id="keys" aria-labelledby="keys-heading">
  <h2 id="keys-heading">Keys</h2>
  <table>
    <caption class="unseen">The keys</caption>
    <thead class="unseen"><tr><th scope="col">Key</th><th scope="col">Effect</th></tr></thead>
    <tbody>${KEYS.map(
      ([keys, does]) =>
        html`<tr><th scope="row">${keys.map((key) => html`<kbd>${key}</kbd> `)}</th><td>${does}</td></tr>`,
    )}</tbody>
  </table>
  <p><label><input type="checkbox" id="keys-on" checked> Listen to these keys</label></p>
  <form method="dialog"><button id="keys-close" autofocus>Close</button></form>
</dialog>`;
}
