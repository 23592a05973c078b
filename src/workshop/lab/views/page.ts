/** The whole page: what stays, with a slot for each part that changes by itself. */
import { CLIENTS } from '../clients.ts';
import { type Html, html, type Part } from '../html.ts';
import type { Lab, View } from '../lab.ts';
import { callableMethods, lessonToPlay } from '../methods.ts';
import type { Stage } from '../stage.ts';
import type { Step } from '../steps.ts';
import { attacksPanel, testsPanel } from './checks.ts';
import { clientForms, clientPage, clientWire, cookieForm } from './client.ts';
import { callAnswer, methodForms } from './console.ts';
import { head } from './frame.ts';
import { code, hints, walkthrough } from './learn.ts';
import { rowPanel } from './row.ts';
import { classNotice, statusLine } from './status.ts';
import { timelinePanel } from './timeline.ts';

/** What a page is drawn from. */
export interface Scene {
  lab: Lab;
  view: View;
  stage: Stage | undefined;
  /** True where a script counts the ages, so that the markup stays the same while time passes. */
  ticking: boolean;
  /** Where an instructor's page is; its buttons come back to it. */
  step?: Step | undefined;
}

/**
 * The parts of the page that change, by their element's id.
 *
 * @param scene What to draw.
 * @returns Markup for the inside of each element.
 */
export function liveParts(scene: Scene): Map<string, Html> {
  return new Map([
    ['status', statusLine(scene)],
    ['notice', classNotice(scene)],
    ['page-you', clientPage(scene, 'you')],
    ['cookie-you', cookieForm(scene, 'you')],
    ['wire-you', clientWire(scene, 'you')],
    ['page-mallory', clientPage(scene, 'mallory')],
    ['cookie-mallory', cookieForm(scene, 'mallory')],
    ['wire-mallory', clientWire(scene, 'mallory')],
    ['answer', callAnswer(scene)],
    ['rows', rowPanel(scene)],
    ['requests', timelinePanel(scene)],
    ['tests-state', testsPanel(scene)],
    ['attacks-state', attacksPanel(scene)],
  ]);
}

/**
 * The page of a lesson and a class.
 *
 * @param scene What to draw.
 */
export function page(scene: Scene): Html {
  const { lab, view } = scene;
  const parts = liveParts(scene);
  const live = (id: string, tag: 'div' | 'span' = 'div', name = '') =>
    tag === 'div'
      ? html`<div id="${id}" class="live ${name}" data-live>${parts.get(id)}</div>`
      : html`<span id="${id}" class="live ${name}" data-live>${parts.get(id)}</span>`;
  const { lesson, subject } = view;
  return html`<!DOCTYPE html>
<html lang="en">
${head(`${lesson.number}. ${lesson.title}`, [], 'lab.js')}
<body data-lesson="${lesson.label}" data-class="${subject.condition}">
<a class="skip" href="#main">Skip to the lab</a>
<header class="top">
  <a class="brand" href="/">phpsessid<span> lab</span></a>
  ${live('status', 'span', 'status')}
  <p class="warning"><strong>Vulnerable on purpose:</strong> keep real data away</p>
  ${lab.instructor && html`<a class="docs" href="/lesson/${lesson.label}/">Instructor</a>`}
  <a class="docs" href="/gauntlet/">Gauntlet</a>
  <a class="docs" href="/compare/?right=${lesson.condition}">Side by side</a>
  <a class="docs" href="/docs/">Documentation</a>
</header>
${lessonList(lab, view)}
<main id="main" tabindex="-1">
<header class="subject">
  <h1><span class="number">${lesson.number}</span> ${lesson.title}</h1>
  ${classPicker(lab, view)}
  <nav class="jump" aria-label="On this page">
    <a href="#walkthrough">Walkthrough</a><a href="#attacks">Attacks</a><a
    href="#tests">Tests</a><a href="#hints">Hints</a><a href="#code">Code</a>
  </nav>
</header>
${live('notice', 'div', 'notice')}
<div id="play" class="stages">
  <div class="stage">
    ${browserPanel(scene, live)}
    <section class="panel row" aria-labelledby="row-heading">
      <h2 id="row-heading">Row <small>what the database keeps</small></h2>
      ${live('rows')}
      ${action(scene, '/reset', html`<button class="quiet">Empty the table, forget the cookies</button>`)}
    </section>
    <section class="panel time" aria-labelledby="time-heading">
      <h2 id="time-heading">Timeline <small>what the class did in between</small></h2>
      ${live('requests')}
    </section>
  </div>
</div>
<div class="study">
  <article id="walkthrough" class="panel prose" aria-labelledby="walkthrough-heading">
    <h2 id="walkthrough-heading">Walkthrough</h2>
    ${walkthrough(lesson, lab.lessons)}
  </article>
  <div class="workbench">
    <section id="attacks" class="panel" aria-labelledby="attacks-heading">
      <h2 id="attacks-heading">Attacks <small>on ${subject.name}</small></h2>
      ${live('attacks-state')}
    </section>
    <section id="tests" class="panel" aria-labelledby="tests-heading">
      <h2 id="tests-heading">Tests <small>of lessons up to ${lesson.label}, on ${subject.name}</small></h2>
      ${live('tests-state')}
    </section>
    <section id="hints" class="panel" aria-labelledby="hints-heading">
      <h2 id="hints-heading">Hints <small>each says a little more</small></h2>
      ${hints(lesson)}
    </section>
    <section id="code" class="panel" aria-labelledby="code-heading">
      <h2 id="code-heading">Code <small>${subject.name}</small></h2>
      ${code(view, lab.lessons)}
    </section>
  </div>
</div>
</main>
<p id="announcer" class="unseen" role="status" aria-live="polite"></p>
</body>
</html>
`;
}

/**
 * A form that does one thing, with script and without.
 *
 * @param scene Where it returns to.
 * @param path Where it is sent.
 * @param inside Its buttons and fields.
 */
export function action({ lab, view, step }: Scene, path: string, inside: Part): Html {
  return html`<form method="post" action="${path}" data-action>
    <input type="hidden" name="token" value="${lab.token}">
    <input type="hidden" name="lesson" value="${view.lesson.label}">
    <input type="hidden" name="class" value="${view.subject.condition}">
    ${step && html`<input type="hidden" name="step" value="${step.name}">`}
    ${inside}
  </form>`;
}

type Live = (id: string) => Html;

/**
 * Both clients, or the methods of a class that no request goes around yet.
 *
 * @param scene What to draw.
 * @param live Draws a part that changes.
 */
export function browserPanel(scene: Scene, live: Live): Html {
  const methods = callableMethods(scene.view.subject.path);
  if (methods) {
    return html`<section class="panel browser" aria-labelledby="browser-heading">
      <h2 id="browser-heading">Class <small>what it answers, method by method</small></h2>
      ${methodForms(scene, methods)}
      ${methods.length > 0 && live('answer')}
    </section>`;
  }
  return html`<section class="panel browser" aria-labelledby="browser-heading">
      <h2 id="browser-heading">Browser <small>what goes over the wire</small></h2>
      <div class="clients">
        ${CLIENTS.map(
          (name) => html`<section class="client" aria-labelledby="${name}-heading">
          ${clientForms(scene, name)}
          ${live(`page-${name}`)}
          ${live(`cookie-${name}`)}
          ${live(`wire-${name}`)}
        </section>`,
        )}
      </div>
    </section>`;
}

function lessonList(lab: Lab, { lesson: current }: View): Html {
  return html`<nav class="lessons" aria-label="Lessons">
  <ol>${lab.lessons.map(
    (lesson) =>
      html`<li><a href="/lesson/${lesson.label}/" title="${lesson.title}"${
        lesson.number === current.number && html` aria-current="page"`
      }><span class="number">${lesson.label}</span> <span class="name">${lesson.title}</span></a></li>`,
  )}</ol>
</nav>`;
}

function classPicker(lab: Lab, { lesson, subject }: View): Html {
  const before = lab.lessons.findLast((each) => each.number < lesson.number);
  const played = lessonToPlay(lesson, lab.lessons);
  const choice = (condition: string, label: string, note: string) =>
    html`<li><a href="/lesson/${lesson.label}/?class=${condition}"${
      condition === subject.condition && html` aria-current="true"`
    }>${label}<small> ${note}</small></a></li>`;
  const listed = [played.condition, lesson.condition, before?.condition, 'mine'];
  return html`<nav class="picker" aria-label="Class at work">
  <ul>
    ${played !== lesson && choice(played.condition, played.condition, 'the article’s, ported')}
    ${choice(lesson.condition, lesson.condition, played === lesson ? 'this lesson’s' : 'before the port')}
    ${before && choice(before.condition, before.condition, 'before it')}
    ${choice('mine', 'mine', lab.hasMine ? 'your own' : 'not begun')}
    ${lesson.wrong.map((wrong) => choice(wrong.condition, wrong.condition.slice('wrong-00-'.length), 'wrong'))}
    ${!listed.includes(subject.condition) && !lesson.wrong.some((wrong) => wrong.condition === subject.condition) && choice(subject.condition, subject.condition, 'chosen by address')}
  </ul>
</nav>`;
}
