/** The table `sessions`, live: its rows, their age, and what the last request changed. */
import { createHash } from 'node:crypto';
import { diffChars } from 'diff';
import type { CachedRow } from '../cached-rows.ts';
import { NAMES } from '../clients.ts';
import { decodeRow } from '../decoded-row.ts';
import { type Html, html } from '../html.ts';
import type { RowChange } from '../rows.ts';
import { asText, count, escapeBytes, shorten } from '../text.ts';
import { anatomy } from './anatomy.ts';
import type { PageModel } from './model.ts';

/** PHP's session.gc_maxlifetime, which the counter page leaves as it is. */
const GC_LIFETIME = 1_440;

/** The rows, newest first. */
export function rowPanel({ running, lab, ticking, view }: PageModel): Html {
  if (running?.tableError !== undefined) {
    return html`<p class="message bad"><span aria-hidden="true">✘</span> The table cannot be read: ${running.tableError}</p>`;
  }
  if (!running || running.changes.length === 0) {
    return html`<p class="empty">${
      lab.database.state === 'starting'
        ? 'The database is starting.'
        : 'The table is empty. The first session that is saved puts a row in it.'
    }</p>`;
  }
  const { total, changes } = running;
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Rows of ${view.subject.name}"><table class="rows">
    <caption><code>sessions</code> · ${count(total, 'row')}</caption>
    <thead><tr><th scope="col">id</th><th scope="col">d, decoded and as it is</th><th scope="col">updated</th></tr></thead>
    <tbody>${changes.map((change) =>
      oneRow(
        change,
        running.holders(change.row.id).map((name) => NAMES[name]),
        running.cached.get(change.row.id),
        ticking,
      ),
    )}</tbody>
  </table></div>`;
}

function oneRow(
  change: RowChange,
  holders: string[],
  cached: CachedRow | undefined,
  ticking: boolean,
): Html {
  const { row, state } = change;
  const updated = row.columns.get('updated');
  const bytes = row.columns.get('d');
  return html`<tr class="${state}">
    <th scope="row"><code>${showId(row.id)}</code>
      ${holders.map((holder) => html`<span class="tag">${holder}</span>`)}
      ${state !== 'same' && html`<span class="tag ${state}">${state}</span>`}</th>
    <td>${dataCell(change)}${otherColumns(change)}${cached && cacheKey(cached)}</td>
    <td class="age">${updated ? age(Number(asText(updated)), ticking) : 'never'}</td>
  </tr>${
    bytes &&
    bytes.byteLength > 0 &&
    state !== 'removed' &&
    html`<tr class="bytewise"><td colspan="3">${anatomy(bytes, elementName(row.id))}</td></tr>`
  }`;
}

/** A printable id as it is; a hash, from lesson 9 on, in hexadecimal digits. */
function showId(id: string): string {
  const readable = /^[\x20-\x7e]*$/.test(id);
  return readable ? shorten(id, 24) : shorten(Buffer.from(id, 'latin1').toString('hex'), 12);
}

/** A row's id can contain any byte, an element's cannot. */
function elementName(id: string): string {
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
        html`<div class="line"><dt>${escapeBytes(key)}</dt><dd>${shorten(escapeBytes(value), 120)} <small>${type}</small></dd></div>`,
    )}</dl>`
  }<code class="bytes">${
    was ? changedText(asText(was), text) : shorten(escapeBytes(text), 600)
  }</code> <small class="muted">${bytes.byteLength} bytes</small>`;
}

/** The columns that later lessons add to the article's three. */
function otherColumns({ row, before }: RowChange): Html {
  const others = [...row.columns].filter(([name]) => !['id', 'd', 'updated'].includes(name));
  return html`${others.map(
    ([name, bytes]) =>
      html`<div><small>${name}</small> <code>${
        bytes ? shorten(escapeBytes(asText(bytes)), 80) : 'NULL'
      }</code>${before.has(name) && html` <span class="tag changed">changed</span>`}</div>`,
  )}`;
}

/** The key of memcached for this row, in the words of the lesson. */
function cacheKey({ kind, ends }: CachedRow): Html {
  const words: Record<string, string> = {
    copy: 'a copy',
    lease: 'the lease of a reader',
    writers: 'the token of a writer',
  };
  const left =
    ends === undefined ? '' : ` until ${new Date(ends * 1000).toISOString().slice(11, 19)} UTC`;
  return html`<div><small>memcached</small> ${words[kind] ?? kind}${left}</div>`;
}

/** A script counts the age on the page; without one the age is that of the drawing. */
function age(updated: number, ticking: boolean): Html {
  const seconds = ticking ? 0 : Math.max(0, Math.floor(Date.now() / 1_000) - updated);
  const word = seconds > GC_LIFETIME ? 'due for gc' : `of ${GC_LIFETIME} s`;
  return html`<span data-updated="${updated}" data-lifetime="${GC_LIFETIME}"><span class="seconds">${seconds} s</span> <small>${word}</small><meter min="0" max="${GC_LIFETIME}" value="${Math.min(seconds, GC_LIFETIME)}" aria-hidden="true"></meter></span>`;
}

/** The text after a change, with what was deleted and inserted. */
function changedText(before: string, after: string): Html {
  // Comparing characters takes quadratic time, and the difference of two long texts is unreadable.
  if (before.length + after.length > 2_000) return html`<ins>${escapeBytes(after)}</ins>`;
  return html`${diffChars(before, after).map((change) => {
    const text = escapeBytes(change.value);
    if (change.added) return html`<ins>${text}</ins>`;
    return change.removed ? html`<del>${text}</del>` : html`${text}`;
  })}`;
}
