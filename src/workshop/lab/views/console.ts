/** A class that cannot serve requests yet: its methods, called by hand. */

import type { Method } from '../../sandbox/methods.ts';
import { type Html, html } from '../html.ts';
import { actionForm, type PageModel } from './model.ts';

const ARGUMENTS: Record<Method['takes'][number], string> = {
  id: 'id',
  data: 'data',
  lifetime: '1440',
};

/** The buttons, one for each method that is ported. */
export function methodForms(model: PageModel, methods: Method[]): Html {
  if (methods.length === 0) {
    return html`<p class="empty">The class is empty: nothing is ported yet. Lesson 01 begins with Open and Close, and from lesson 05 on a request goes around it.</p>`;
  }
  const needs = (what: 'id' | 'data') => methods.some(({ takes }) => takes.includes(what));
  const fields = html`<input type="hidden" name="client" value="you">
    <div class="fields">
      ${needs('id') && html`<label for="call-id" class="small muted">id</label><input id="call-id" name="id" value="1" class="bytes" autocomplete="off" spellcheck="false">`}
      ${needs('data') && html`<label for="call-data" class="small muted">data</label><input id="call-data" name="data" value="count|i:1;" class="bytes" autocomplete="off" spellcheck="false">`}
    </div>
    <div class="line">${methods.map(
      ({ name, takes }, index) =>
        html`<button name="do" value="call-${name}" id="call-${name}"${index === 0 && html` class="primary"`}>${name}<small>(${takes.map((each) => ARGUMENTS[each]).join(', ')})</small></button>`,
    )}</div>`;
  return html`<p class="muted">No request goes around this class yet: lesson 05 lets PHP’s session functions call it. Until then, call its methods yourself.</p>
    ${actionForm(model, '/client', fields)}`;
}

/** The answer of the last call. */
export function callAnswer({ running }: PageModel): Html {
  const client = running?.clients.you;
  if (!client?.last)
    return html`<p class="screen well muted">Press Open, then see the timeline.</p>`;
  return html`<div class="screen well line spread"><p class="shown answer"><code>${client.last.text}</code></p><p class="fine muted">process ${client.last.pid}</p></div>`;
}
