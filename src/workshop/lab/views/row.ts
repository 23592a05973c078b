/** The table `sessions`, live: what it holds, how old it is, and what the last request changed. */
import { createHash } from 'node:crypto';
import { escapeBytes } from '../bytes.ts';
import { NAMES } from '../clients.ts';
import { decodeRow } from '../decode.ts';
import { type Html, html } from '../html.ts';
import { asText, type RowChange } from '../rows.ts';
import { anatomy } from './anatomy.ts';
import type { Scene } from './page.ts';
import { changedText, shorten } from './words.ts';

/** PHP's session.gc_maxlifetime, which the counter page leaves as it is. */
const GC_LIFETIME = 1_440;
const WORDS: Record<RowChange['state'], string> = {
  new: 'new',
  changed: 'changed',
  removed: 'removed',
  same: '',
};

/** The rows, newest first. */
export function rowPanel({ stage, lab, ticking }: Scene): Html {
  if (stage?.tableError !== undefined) {
    return html`<p class="message bad"><span aria-hidden="true">✘</span> The table cannot be read: ${stage.tableError}</p>`;
  }
  if (!stage || stage.changes.length === 0) {
    return html`<p class="empty">${
      lab.database.state === 'starting'
        ? 'The database is starting.'
        : 'The table is empty. The first session that is saved puts a row in it.'
    }</p>`;
  }
  const { total, changes } = stage;
  return html`<div class="scroll" tabindex="0" role="region" aria-labelledby="rows-caption"><table class="rows">
    <caption id="rows-caption"><code>sessions</code> · ${total} ${total === 1 ? 'row' : 'rows'}</caption>
    <thead><tr><th scope="col">id</th><th scope="col">d, decoded and as it is</th><th scope="col">updated</th></tr></thead>
    <tbody>${changes.map((change) =>
      oneRow(
        change,
        stage.holders(change.row.id).map((name) => NAMES[name]),
        ticking,
      ),
    )}</tbody>
  </table></div>`;
}

function oneRow(change: RowChange, holders: string[], ticking: boolean): Html {
  const { row, state } = change;
  const updated = row.columns.get('updated');
  const bytes = row.columns.get('d');
  return html`<tr class="${state}">
    <th scope="row"><code>${showId(row.id)}</code>
      ${holders.map((holder) => html`<span class="tag">${holder}</span>`)}
      ${WORDS[state] !== '' && html`<span class="tag ${state}">${WORDS[state]}</span>`}</th>
    <td>${dataCell(change)}${otherColumns(change)}</td>
    <td class="age">${updated ? age(Number(asText(updated)), ticking) : 'never'}</td>
  </tr>${
    bytes &&
    bytes.byteLength > 0 &&
    state !== 'removed' &&
    html`<tr class="bytewise"><td colspan="3">${anatomy(bytes, nameOf(row.id))}</td></tr>`
  }`;
}

/** An id as it is where it can be read; from lesson 9 on it is a hash, and bytes are no text. */
function showId(id: string): string {
  const readable = /^[\x20-\x7e]*$/.test(id);
  return readable ? shorten(id, 24) : shorten(Buffer.from(id, 'latin1').toString('hex'), 12);
}

/** A row's id may hold anything; an element's must not. */
function nameOf(id: string): string {
  return createHash('sha256').update(id).digest('hex').slice(0, 12);
}

function dataCell({ row, before }: RowChange): Html {
  const bytes = row.columns.get('d');
  if (!bytes) return html`<span class="muted">NULL</span>`;
  if (bytes.byteLength === 0) return html`<span class="muted">empty, 0 bytes</span>`;
  const text = asText(bytes);
  const was = before.get('d');
  const values = decodeRow(bytes);
  return html`${
    values &&
    html`<dl class="values">${values.map(
      ({ key, type, value }) =>
        html`<div><dt>${escapeBytes(key)}</dt><dd>${shorten(escapeBytes(value), 120)} <small>${type}</small></dd></div>`,
    )}</dl>`
  }<code class="bytes">${
    was ? changedText(asText(was), text) : shorten(escapeBytes(text), 600)
  }</code> <small class="muted">${bytes.byteLength} bytes</small>`;
}

/** What a later lesson's table has beyond the article's three columns. */
function otherColumns({ row, before }: RowChange): Html {
  const others = [...row.columns].filter(([name]) => !['id', 'd', 'updated'].includes(name));
  return html`${others.map(
    ([name, bytes]) =>
      html`<div class="column"><small>${name}</small> <code>${
        bytes ? shorten(escapeBytes(asText(bytes)), 80) : 'NULL'
      }</code>${before.has(name) && html` <span class="tag changed">changed</span>`}</div>`,
  )}`;
}

/** The age grows on the page by script; without one it is as old as the page. */
function age(updated: number, ticking: boolean): Html {
  const seconds = ticking ? 0 : Math.max(0, Math.floor(Date.now() / 1_000) - updated);
  const word = seconds > GC_LIFETIME ? 'due for gc' : `of ${GC_LIFETIME} s`;
  return html`<span data-updated="${updated}" data-lifetime="${GC_LIFETIME}"><span class="seconds">${seconds} s</span> <small>${word}</small><meter min="0" max="${GC_LIFETIME}" value="${Math.min(seconds, GC_LIFETIME)}" aria-label="Age against the lifetime of gc"></meter></span>`;
}
