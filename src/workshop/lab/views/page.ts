/** A lesson's page: a fixed frame, with a slot for each part that is redrawn. */
import { CLIENTS } from '../clients.ts';
import { type Html, html } from '../html.ts';
import { callableMethods } from '../methods.ts';
import { attacksPanel, testsPanel } from './checks.ts';
import { clientPage, clientWire, cookieForm } from './client.ts';
import { callAnswer } from './console.ts';
import { frame, panelStyles, topBar } from './frame.ts';
import { walkthrough } from './learn.ts';
import { effort, lessonStrip, neighbours } from './lessons.ts';
import type { PageModel } from './model.ts';
import { lessonPanels } from './panels.ts';
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
  const panel = lessonPanels(model, live);
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
    <a href="#walkthrough">Walkthrough</a><a href="#play">${callableMethods(subject.path) ? 'Class' : 'Browser'}</a><a
    href="#attacks">Attacks</a><a href="#tests">Tests</a><a href="#hints">Hints</a><a
    href="#code">Code</a>
  </nav>
</header>
${live('notice')}
<div id="play" class="play">
  ${panel.browser}${panel.row}${panel.time}
</div>
<div class="study">
  <article id="walkthrough" class="panel prose" aria-labelledby="walkthrough-heading">
    <h2 id="walkthrough-heading">Walkthrough</h2>
    ${walkthrough(lesson, lab.lessons)}
    ${neighbours(lab, lesson)}
  </article>
  <div class="workbench">
    ${panel.attacks}${panel.tests}${panel.hints}${panel.code}
  </div>
</div>
</main>`;
  return frame({
    title: `${lesson.number}. ${lesson.title}`,
    styles: panelStyles,
    script: { name: 'lab.js', live: `/live?lesson=${lesson.label}&class=${subject.condition}` },
    inside,
  });
}
