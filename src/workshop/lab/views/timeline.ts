/** The requests as lanes: open → read → gc → write → close, to scale, with their SQL. */
import { NAMES } from '../clients.ts';
import { type Html, html } from '../html.ts';
import { groupByOverlap, type RequestEntry, type Statement, type Step } from '../timeline.ts';
import type { Scene } from './page.ts';
import { milliseconds, shorten } from './words.ts';

const SHOWN = 8;

/** The last requests, newest first; those that ran at once share their axis. */
export function timelinePanel({ stage }: Scene): Html {
  const entries = stage?.timeline.entries ?? [];
  if (entries.length === 0) {
    return html`<ol class="legend" aria-label="The order of a request">${[
      'open',
      'read',
      'gc',
      'write',
      'close',
    ].map((name) => html`<li class="block ${name}">${name}</li>`)}</ol>
    <p class="empty">Each request is drawn here, to scale: which callbacks PHP’s functions called, what they were given and answered, and the SQL they sent. In the lab gc runs with every request; PHP’s own default is one in a hundred.</p>`;
  }
  const groups = groupByOverlap(entries).reverse().slice(0, SHOWN);
  return html`${groups.map((group, index) => drawGroup(group, index === 0))}`;
}

function drawGroup(group: RequestEntry[], latest: boolean): Html {
  const from = Math.min(...group.map((entry) => entry.at));
  const to = Math.max(...group.map((entry) => entry.end ?? entry.at + 1));
  const axis = { from, span: Math.max(to - from, 0.1) };
  const together = group.length > 1;
  return html`<div class="group ${together && 'together'}">${
    together && html`<p class="note">${group.length} requests at once, on one axis</p>`
  }${group.map((entry) => drawRequest(entry, axis, latest && !together))}</div>`;
}

interface Axis {
  from: number;
  span: number;
}

function drawRequest(entry: RequestEntry, axis: Axis, open: boolean): Html {
  const took = entry.end === undefined ? 'still running' : milliseconds(entry.end - entry.at);
  const steps = entry.steps.map((step) => step.name).join(' → ');
  const failed = entry.status === undefined || entry.status >= 400;
  return html`<details class="request ${failed && 'failed'}" id="request-${entry.pid}-${entry.number}"${open && html` open`}>
    <summary>
      <span class="who">${NAMES[entry.sender]}</span>
      <span class="what"><code>${describeRequest(entry)}</code></span>
      <span class="lane"><span class="unseen">${steps || 'no callback ran'}</span>${entry.steps.map((step) => drawBlock(step, axis))}</span>
      <span class="result">${entry.status === undefined ? '✘ no answer' : `${failed ? '✘ ' : ''}${entry.status}`} · ${took}</span>
    </summary>
    ${stepTable(entry)}
  </details>`;
}

/** A method that was called by hand is named as a method. */
function describeRequest({ method, url }: RequestEntry): string {
  const called = /^\/call\?method=(\w+)/.exec(url)?.[1];
  return called ? `Sessions.${called}` : `${method} ${shorten(url, 40)}`;
}

function drawBlock(step: Step, { from, span }: Axis): Html {
  const percent = (value: number) => `${Math.max(0, Math.min(100, value * 100)).toFixed(2)}%`;
  const length = ((step.end ?? step.at) - step.at) / span;
  return html`<span class="block ${step.name} ${step.error !== undefined && 'failed'}" aria-hidden="true" style="left:${percent((step.at - from) / span)};width:${percent(length)}" title="${step.name} ${milliseconds(length * span)}"><span>${step.name}</span>${step.statements.map(
    (statement) =>
      html`<i style="left:${percent((statement.at - step.at) / Math.max(length * span, 0.01))};width:${percent(((statement.end ?? statement.at) - statement.at) / Math.max(length * span, 0.01))}"></i>`,
  )}</span>`;
}

function stepTable(entry: RequestEntry): Html {
  if (entry.steps.length === 0 && entry.statements.length === 0) {
    return html`<p class="empty">No callback ran: the class was not asked.</p>`;
  }
  return html`<div class="scroll"><table class="steps">
    <caption class="unseen">What ${entry.method} ${entry.url} of ${NAMES[entry.sender]} ran, at process ${entry.pid}</caption>
    <thead class="unseen"><tr><th scope="col">Callback or statement</th><th scope="col">Answer</th><th scope="col">Time</th></tr></thead>
    <tbody>${entry.steps.map(
      (step) => html`<tr class="step">
        <th scope="row"><code><b class="name ${step.name}">${step.name}</b>(${step.values.map((value) => shorten(value, 80)).join(', ')})</code></th>
        <td>${
          step.error === undefined
            ? html`<code>${shorten(step.answer ?? (step.end === undefined ? '…' : ''), 90)}</code>`
            : html`<span class="bad">✘ ${step.error}</span>`
        }</td>
        <td class="took">${step.end === undefined ? 'unfinished' : milliseconds(step.end - step.at)}</td></tr>
        ${step.statements.map(drawStatement)}`,
    )}${entry.statements.map(drawStatement)}</tbody>
  </table></div>`;
}

function drawStatement({ sql, values, outcome, failed, at, end }: Statement): Html {
  return html`<tr class="sql"><td><code>${sql}</code>${
    values.length > 0 &&
    html` <span class="bound"><span class="unseen">with </span>${values.map((value) => html`<code>${shorten(value, 60)}</code>`)}</span>`
  }</td>
    <td>${failed ? html`<span class="bad">✘ ${outcome}</span>` : (outcome ?? '…')}</td>
    <td class="took">${end === undefined ? 'unfinished' : milliseconds(end - at)}</td></tr>`;
}
