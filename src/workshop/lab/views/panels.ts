/** The panels of a lesson, which its page and an instructor's steps share. */
import { CLIENTS } from '../clients.ts';
import { type Html, html } from '../html.ts';
import { callableMethods } from '../methods.ts';
import { clientForms } from './client.ts';
import { methodForms } from './console.ts';
import { code, hints } from './learn.ts';
import { actionForm, type DrawPart, type PageModel } from './model.ts';

type PanelName = 'browser' | 'row' | 'time' | 'attacks' | 'tests' | 'hints' | 'code';

/** Draws every panel; the instructor's bar has the button that empties the table. */
export function lessonPanels(model: PageModel, live: DrawPart): Record<PanelName, Html> {
  const { lab, view, step } = model;
  const { lesson, subject } = view;
  const panel = (id: string, name: string, note: string, inside: Html) =>
    html`<section id="${id}" class="panel ${id}" aria-labelledby="${id}-heading">
      <h2 id="${id}-heading">${name} <small>${note}</small></h2>
      ${inside}
    </section>`;
  const reset = html`<button class="quiet">Empty the table, delete the cookies</button>`;
  const tests = `of lessons up to ${lesson.label}, on ${subject.name}`;
  const methods = callableMethods(subject.path);
  return {
    browser: methods
      ? panel(
          'browser',
          'Class',
          'what it answers, method by method',
          html`${methodForms(model, methods)}${methods.length > 0 && live('answer')}`,
        )
      : panel('browser', 'Browser', 'what goes over the wire', clients(model, live)),
    row: panel(
      'row',
      'Row',
      'what the database keeps',
      html`${live('rows')}${!step && actionForm(model, '/reset', reset)}`,
    ),
    time: panel('time', 'Timeline', 'what the class did in between', live('requests')),
    attacks: panel('attacks', 'Attacks', `on ${subject.name}`, live('attacks-state')),
    tests: panel('tests', 'Tests', tests, live('tests-state')),
    hints: panel('hints', 'Hints', 'each says a little more', hints(lesson)),
    code: panel('code', 'Code', subject.name, code(view, lab.lessons)),
  };
}

function clients(model: PageModel, live: DrawPart): Html {
  return html`<div class="clients">${CLIENTS.map(
    (name) => html`<section class="client" aria-labelledby="${name}-heading">
      ${clientForms(model, name)}
      ${live(`page-${name}`)}
      ${live(`cookie-${name}`)}
      ${live(`wire-${name}`)}
    </section>`,
  )}</div>`;
}
