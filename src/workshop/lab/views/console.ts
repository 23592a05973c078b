/** A class that no request goes around yet: its methods, called by hand. */

import type { Method } from '../../sandbox/methods.ts';
import { type Html, html } from '../html.ts';
import { action, type Scene } from './page.ts';

const ARGUMENTS: Record<Method['takes'][number], string> = {
  id: 'id',
  data: 'data',
  lifetime: '1440',
};

/**
 * The buttons, one for each method that is ported.
 *
 * @param scene What to draw.
 * @param methods What the class has.
 */
export function methodForms(scene: Scene, methods: Method[]): Html {
  if (methods.length === 0) {
    return html`<p class="empty">The class is empty: nothing is ported yet. Lesson 01 begins with Open and Close, and from lesson 05 on a request goes around it.</p>`;
  }
  const needs = (what: 'id' | 'data') => methods.some(({ takes }) => takes.includes(what));
  const fields = html`<input type="hidden" name="client" value="you">
    <div class="fields">
      ${needs('id') && html`<label for="call-id">id</label><input id="call-id" name="id" value="1" class="bytes" autocomplete="off" spellcheck="false">`}
      ${needs('data') && html`<label for="call-data">data</label><input id="call-data" name="data" value="count|i:1;" class="bytes" autocomplete="off" spellcheck="false">`}
    </div>
    <div class="buttons">${methods.map(
      ({ name, takes }, index) =>
        html`<button name="do" value="call-${name}" id="call-${name}"${index === 0 && html` class="primary"`}>${name}<span class="takes">(${takes.map((each) => ARGUMENTS[each]).join(', ')})</span></button>`,
    )}</div>`;
  return html`<p class="lead">No request goes around this class yet: lesson 05 lets PHP’s session functions call it. Until then, call its methods yourself.</p>
    ${action(scene, '/client', fields)}`;
}

/** What the last call answered. */
export function callAnswer({ stage }: Scene): Html {
  const client = stage?.clients.you;
  if (!client?.last) return html`<p class="screen empty">Press Open, then see the timeline.</p>`;
  return html`<div class="screen"><p class="shown answer"><code>${client.last.text}</code></p><p class="facts">process ${client.last.pid}</p></div>`;
}
