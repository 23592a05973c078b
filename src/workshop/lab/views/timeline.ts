/** The requests as lanes: open → read → gc → write → close, to scale, with their SQL. */
import { NAMES } from '../clients.ts';
import { type Html, html } from '../html.ts';
import { describeWait, findWaits, type Wait } from '../lock-waits.ts';
import type { RequestEntry, Statement, Step } from '../request-entry.ts';
import { count, milliseconds, shorten } from '../text.ts';
import { groupByOverlap } from '../timeline.ts';
import type { PageModel } from './model.ts';

const SHOWN = 8;

/** The last requests, newest first; those that ran at once share their axis. */
export function timelinePanel({ running }: PageModel): Html {
  const entries = running?.timeline.entries ?? [];
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
  const waits = findWaits(entries, Date.now());
  const groups = groupByOverlap(entries).reverse().slice(0, SHOWN);
  return html`${groups.map((group, index) => drawGroup(group, waits, index === 0))}`;
}

/** The waits of one class, by the statement that waited. */
type Waits = Map<Statement, Wait>;

function drawGroup(group: RequestEntry[], waits: Waits, latest: boolean): Html {
  const from = Math.min(...group.map((entry) => entry.at));
  const running = group.some((entry) => entry.end === undefined);
  const to = running
    ? Math.max(Date.now(), from + 1)
    : Math.max(...group.map((entry) => entry.end ?? entry.at));
  const axis = { from, to, span: Math.max(to - from, 0.1) };
  const together = group.length > 1;
  const own = [...waits.values()].filter(({ entry }) => group.includes(entry));
  return html`<div class="group ${together && 'together'}">${
    together && html`<p class="note fine muted">${group.length} requests at once, on one axis</p>`
  }${own.map((wait) => html`<p class="note fine waits"><span class="hatch" aria-hidden="true"></span>${describeWait(wait)}</p>`)}${group.map(
    (entry) => drawRequest(entry, axis, waits, latest && !together),
  )}</div>`;
}

interface Axis {
  from: number;
  to: number;
  span: number;
}

function drawRequest(entry: RequestEntry, axis: Axis, waits: Waits, open: boolean): Html {
  const running = entry.end === undefined;
  const took = running ? 'still running' : milliseconds((entry.end ?? 0) - entry.at);
  const failed = !running && (entry.status === undefined || entry.status >= 400);
  const answer =
    entry.status === undefined ? '✘ no answer' : `${failed ? '✘ ' : ''}${entry.status}`;
  return html`<details class="request ${failed && 'failed'}" id="request-${entry.pid}-${entry.number}"${open && html` open`}>
    <summary>
      <span class="who">${NAMES[entry.sender]} <small><span class="unseen">request </span>${entry.number}</small></span>
      <span class="what"><code>${describeRequest(entry)}</code></span>
      <span class="lane"><span class="unseen">${stepsInWords(entry, waits)}</span>${entry.steps.map((step) => drawBlock(step, axis, waits))}</span>
      <span class="result small muted">${running ? took : `${answer} · ${took}`}</span>
    </summary>
    ${stepTable(entry, waits)}
  </details>`;
}

/** The lane in words, for screen readers. */
function stepsInWords({ steps }: RequestEntry, waits: Waits): string {
  const words = steps.map((step) => {
    const waited = waitedIn(step, waits);
    return waited > 0 ? `${step.name} (waiting ${milliseconds(waited)} for a lock)` : step.name;
  });
  return words.join(', ') || 'no callback ran';
}

/** The milliseconds for which a callback's statements waited for locks. */
function waitedIn(step: Step, waits: Waits): number {
  const own = step.statements.flatMap((statement) => waits.get(statement) ?? []);
  return own.reduce((sum, { from, to }) => sum + to - from, 0);
}

/** A method that was called by hand is named as a method. */
function describeRequest({ method, url }: RequestEntry): string {
  const called = /^\/call\?method=(\w+)/.exec(url)?.[1];
  return called ? `Sessions.${called}` : `${method} ${shorten(url, 40)}`;
}

function drawBlock(step: Step, { from, to, span }: Axis, waits: Waits): Html {
  const percent = (value: number) => `${Math.max(0, Math.min(100, value * 100)).toFixed(2)}%`;
  const length = Math.max((step.end ?? to) - step.at, 0.01);
  const waited = waitedIn(step, waits);
  const words = waited > 0 ? `waits ${milliseconds(waited)}` : '';
  return html`<span class="block ${step.name} ${step.error !== undefined && 'failed'} ${waited > 0 && 'waiting'}" aria-hidden="true" style="left:${percent((step.at - from) / span)};width:${percent(length / span)}" title="${step.name} ${milliseconds(length)} ${words}"><span>${step.name}${words !== '' && html` <small>· ${words}</small>`}</span>${step.statements.map(
    (statement) =>
      html`<i${waits.has(statement) && html` class="wait"`} style="left:${percent((statement.at - step.at) / length)};width:${percent(((statement.end ?? to) - statement.at) / length)}"></i>`,
  )}</span>`;
}

function stepTable(entry: RequestEntry, waits: Waits): Html {
  if (entry.steps.length === 0 && entry.statements.length === 0) {
    return html`<p class="empty">${entry.end === undefined ? 'No callback has been called yet.' : 'No callback ran: the class was not asked.'}</p>`;
  }
  const statement = (each: Statement) => drawStatement(each, waits.get(each));
  return html`<div class="scroll"><table class="calls small">
    <caption class="unseen">Callbacks and statements of ${entry.method} ${entry.url} of ${NAMES[entry.sender]}, at process ${entry.pid}</caption>
    <thead class="unseen"><tr><th scope="col">Callback or statement</th><th scope="col">Answer</th><th scope="col">Time</th></tr></thead>
    <tbody>${entry.steps.map(
      (step) => html`<tr class="step">
        <th scope="row"><code><b class="name ${step.name}">${step.name}</b>(${step.values.map((value) => shorten(value, 80)).join(', ')})</code></th>
        <td>${
          step.error === undefined
            ? html`<code>${shorten(step.answer ?? (step.end === undefined ? '…' : ''), 90)}</code>`
            : html`<span class="bad">✘ ${step.error}</span> ${step.place !== undefined && html`<code>${step.place}</code>`}`
        }</td>
        <td class="took">${step.end === undefined ? 'unfinished' : milliseconds(step.end - step.at)}</td></tr>
        ${step.statements.map(statement)}`,
    )}${entry.statements.map(statement)}</tbody>
  </table></div>${
    entry.further > 0 &&
    html`<p class="note fine muted">${count(entry.further, 'further statement')} of this request, not shown</p>`
  }`;
}

function drawStatement(
  { sql, values, outcome, failed, at, end }: Statement,
  wait: Wait | undefined,
): Html {
  return html`<tr class="sql"><td><code>${sql}</code>${
    values.length > 0 &&
    html` <span class="bound"><span class="unseen">with </span>${values.map((value) => html`<code>${shorten(value, 70)}</code> `)}</span>`
  }${
    wait &&
    html` <span class="waits"><span class="hatch" aria-hidden="true"></span>${describeWait(wait)}</span>`
  }</td>
    <td>${failed ? html`<span class="bad">✘ ${outcome}</span>` : (outcome ?? '…')}</td>
    <td class="took">${end === undefined ? 'unfinished' : milliseconds(end - at)}</td></tr>`;
}
