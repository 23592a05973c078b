/** A lesson's page: what stays, with a slot for each part that changes by itself. */
import { CLIENTS } from '../clients.ts';
import { type Html, html } from '../html.ts';
import { callableMethods } from '../methods.ts';
import { attacksPanel, testsPanel } from './checks.ts';
import { clientForms, clientPage, clientWire, cookieForm } from './client.ts';
import { callAnswer, methodForms } from './console.ts';
import { frame, topBar } from './frame.ts';
import { code, hints, walkthrough } from './learn.ts';
import { effort, lessonStrip, neighbours } from './lessons.ts';
import { actionForm, type DrawPart, type PageModel } from './model.ts';
import { classPicker } from './picker.ts';
import { rowPanel } from './row.ts';
import { classNotice, statusLine } from './status.ts';
import { timelinePanel } from './timeline.ts';

/** Draws the parts of the page that change, by their element's id. */
export function liveParts(model: PageModel): Map<string, Html> {
  return new Map([
    ['status', statusLine(model)],
    ['strip', lessonStrip(model.lab, model.view.lesson)],
    ['notice', classNotice(model)],
    ...CLIENTS.flatMap((name): [string, Html][] => [
      [`page-${name}`, clientPage(model, name)],
      [`cookie-${name}`, cookieForm(model, name)],
      [`wire-${name}`, clientWire(model, name)],
    ]),
    ['answer', callAnswer(model)],
    ['rows', rowPanel(model)],
    ['requests', timelinePanel(model)],
    ['tests-state', testsPanel(model)],
    ['attacks-state', attacksPanel(model)],
  ]);
}

/** Draws the page of a lesson and a class. */
export function page(model: PageModel): Html {
  const { lab, view } = model;
  const { lesson, subject } = view;
  const parts = liveParts(model);
  const live = (id: string) => html`<div id="${id}" class="live" data-live>${parts.get(id)}</div>`;
  const panel = (id: string, name: string, note: string, inside: Html) =>
    html`<section id="${id}" class="panel" aria-labelledby="${id}-heading">
      <h2 id="${id}-heading">${name} <small>${note}</small></h2>
      ${inside}
    </section>`;
  const bar = {
    first: lab.instructor ? html`<a href="/lesson/${lesson.label}/">Instructor</a>` : undefined,
    compare: `/compare/?right=${lesson.condition}`,
  };
  const inside = html`${topBar(lab, '', bar)}
<nav id="strip" class="lessons live" aria-label="Lessons" data-live>${parts.get('strip')}</nav>
<main id="main" tabindex="-1">
<header class="subject line wide">
  <h1><span class="number">${lesson.number}</span> ${lesson.title}</h1>
  ${effort(lesson)}
  ${classPicker(model)}
  <nav class="jump line small" aria-label="On this page">
    <a href="#walkthrough">Walkthrough</a><a href="#attacks">Attacks</a><a
    href="#tests">Tests</a><a href="#hints">Hints</a><a href="#code">Code</a>
  </nav>
</header>
${live('notice')}
<div id="play" class="play">
  ${browserPanel(model, live)}
  <section class="panel row" aria-labelledby="row-heading">
    <h2 id="row-heading">Row <small>what the database keeps</small></h2>
    ${live('rows')}
    ${actionForm(model, '/reset', html`<button class="quiet">Empty the table, delete the cookies</button>`)}
  </section>
  <section class="panel time" aria-labelledby="time-heading">
    <h2 id="time-heading">Timeline <small>what the class did in between</small></h2>
    ${live('requests')}
  </section>
</div>
<div class="study">
  <article id="walkthrough" class="panel prose" aria-labelledby="walkthrough-heading">
    <h2 id="walkthrough-heading">Walkthrough</h2>
    ${walkthrough(lesson, lab.lessons)}
    ${neighbours(lab, lesson)}
  </article>
  <div class="workbench">
    ${panel('attacks', 'Attacks', `on ${subject.name}`, live('attacks-state'))}
    ${panel('tests', 'Tests', `of lessons up to ${lesson.label}, on ${subject.name}`, live('tests-state'))}
    ${panel('hints', 'Hints', 'each says a little more', hints(lesson))}
    ${panel('code', 'Code', subject.name, code(view, lab.lessons))}
  </div>
</div>
</main>`;
  return frame({
    title: `${lesson.number}. ${lesson.title}`,
    styles: ['lab.css'],
    script: { name: 'lab.js', live: `/live?lesson=${lesson.label}&class=${subject.condition}` },
    inside,
  });
}

/** Both clients, or the methods of a class that cannot serve requests yet. */
export function browserPanel(model: PageModel, live: DrawPart): Html {
  const methods = callableMethods(model.view.subject.path);
  const panel = (name: string, note: string, inside: Html) =>
    html`<section class="panel browser" aria-labelledby="browser-heading">
    <h2 id="browser-heading">${name} <small>${note}</small></h2>
    ${inside}
  </section>`;
  if (methods) {
    const inside = html`${methodForms(model, methods)}${methods.length > 0 && live('answer')}`;
    return panel('Class', 'what it answers, method by method', inside);
  }
  const clients = CLIENTS.map(
    (name) => html`<section class="client" aria-labelledby="${name}-heading">
      ${clientForms(model, name)}
      ${live(`page-${name}`)}
      ${live(`cookie-${name}`)}
      ${live(`wire-${name}`)}
    </section>`,
  );
  return panel('Browser', 'what goes over the wire', html`<div class="clients">${clients}</div>`);
}
