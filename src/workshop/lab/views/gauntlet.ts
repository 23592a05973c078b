/** The gauntlet's page: a table of classes and attacks, and the transcript of one cell. */
import type { Gauntlet } from '../gauntlet.ts';
import { type Cell, type CellState, cellKey, type Seen } from '../gauntlet-grid.ts';
import { type Html, html } from '../html.ts';
import type { Lab } from '../lab.ts';
import { transcript } from './checks.ts';
import { frame, topBar } from './frame.ts';
import { statusLine } from './status.ts';

interface GauntletModel {
  lab: Lab;
  gauntlet: Gauntlet;
  /** The cell whose transcript is open. */
  open: Cell | undefined;
}

/** A cell's sign, a word short enough for the narrowest column, and a longer one to be read aloud. */
const STATES: Record<CellState, [sign: string, word: string, spoken?: string]> = {
  'not run': ['', 'run'],
  waiting: ['○', 'waits'],
  running: ['…', 'runs'],
  held: ['✔', 'held'],
  breached: ['✘', 'breached'],
  'not applicable': ['–', 'n/a', 'n/a, not applicable'],
  failed: ['!', 'broke', 'broke, it could not run'],
};

/** Draws the parts of the page that change, by their element's id. */
export function gauntletParts({ lab, gauntlet, open }: GauntletModel): Map<string, Html> {
  const { grid } = gauntlet;
  const row = (subject: Cell['subject']): Html =>
    html`${rowHead(subject)}${grid.attacks.map((attack, index) => {
      const cell = { subject, attack };
      return drawCell(cell, gauntlet.look(grid, cell), grid.attacks[index + 1], open);
    })}`;
  return new Map([
    ['status', statusLine({ lab })],
    ['progress', progressPart(lab, gauntlet)],
    ...grid.classes.map((subject): [string, Html] => [`row-${subject.condition}`, row(subject)]),
    ['opened', open ? openedPart(lab, gauntlet, open) : html``],
  ]);
}

/** Draws the page. */
export function gauntletPage(model: GauntletModel): Html {
  const { lab, gauntlet, open } = model;
  const { grid } = gauntlet;
  const parts = gauntletParts(model);
  const inside = html`${topBar(lab, '/gauntlet/')}
<main id="main" tabindex="-1">
<form method="post" action="/run" data-action class="gauntlet">
  <input type="hidden" name="token" value="${lab.token}">
  <header class="subject line wide">
    <h1>Gauntlet</h1>
    <div id="progress" class="live progress line wide" data-live>${parts.get('progress')}</div>
    <p class="lead small muted">Every attack on every class: ✔ it held, ✘ it was breached. Below the line each class must hold; the class right above it must be breached, or its lesson would fix nothing. The arrow keys move from cell to cell.</p>
  </header>
  <noscript><p class="message">Without a script the table does not change. <a href="/gauntlet/">Load it again</a> to see new results.</p>
  <a class="skip" href="#opened">Skip the table</a></noscript>
  <div class="box panel" tabindex="0" role="region" aria-labelledby="gauntlet-caption">
  <table class="cells" role="grid">
    <caption id="gauntlet-caption" class="unseen">Classes by row, attacks by column; each cell says whether the attack breached the class</caption>
    <thead><tr><th scope="col" class="corner">class <span aria-hidden="true">↓</span> attack <span aria-hidden="true">→</span></th>${grid.attacks.map(
      ({
        label,
        title,
      }) => html`<th scope="col" aria-label="${label} ${title}"><a href="/lesson/${label}/#attacks" title="${title}" id="to-attack-${label}"><span class="label">${label}</span>
        <span class="name">${title}</span></a>
        <button class="quiet" name="run" value="attack ${label}" id="run-attack-${label}" aria-label="Run attack ${label} on every class">run</button></th>`,
    )}</tr></thead>
    <tbody>${grid.classes.map(
      ({ condition }) =>
        html`<tr id="row-${condition}" class="live" data-live>${parts.get(`row-${condition}`)}</tr>`,
    )}</tbody>
  </table>
  </div>
</form>
<section id="opened" class="live opened panel" data-live tabindex="-1" aria-label="Transcript">${parts.get('opened')}</section>
</main>`;
  const live = `/gauntlet/live${open ? `?cell=${encodeURIComponent(cellKey(open))}` : ''}`;
  const script = { name: 'gauntlet.js', live };
  return frame({ title: 'Gauntlet', styles: ['gauntlet.css'], script, inside });
}

function progressPart(lab: Lab, gauntlet: Gauntlet): Html {
  const { running, stopping, done, total, title, summary } = gauntlet.progress;
  const ready = lab.database.state === 'up';
  const off = (is: boolean) => is && html` aria-disabled="true"`;
  const share = total === 0 ? 0 : done / total;
  const idle = html`<span class="muted">Nothing has run yet. All of it takes about a minute.</span>`;
  const state = stopping
    ? html`<span class="muted">The running attacks are being stopped.</span>`
    : (summary ?? idle);
  return html`<div class="line">
      <button class="primary" name="run" value="all" id="run-all"${off(running || !ready)}>Run the gauntlet</button>
      <button name="run" value="stop" id="run-stop"${off(!running || stopping)}>${stopping ? 'Stopping …' : 'Stop'}</button>
    </div>
    ${
      running && !stopping
        ? html`<p class="sum"><strong>${done} of ${total}</strong> <span class="muted">${title}</span></p>
    <progress max="1" value="${share.toFixed(3)}" aria-label="How far the run has come">${done} of ${total}</progress>`
        : html`<p class="sum">${state}</p>`
    }`;
}

function rowHead({ condition, name, lesson }: Cell['subject']): Html {
  const own = condition === 'mine' ? 'mine' : lesson.label;
  const title = condition === 'mine' ? `your class, in lesson ${lesson.label}` : lesson.title;
  return html`<th scope="row" aria-label="${own} ${title}"><a href="/lesson/${lesson.label}/?class=${condition}" id="to-class-${condition}"><span class="label">${own}</span>
    <span class="name">${title}</span></a>
    <button class="quiet" name="run" value="class ${condition}" id="run-${condition}" aria-label="Run every attack on ${name}">run</button></th>`;
}

function drawCell(
  cell: Cell,
  seen: Seen,
  next: Cell['attack'] | undefined,
  open: Cell | undefined,
): Html {
  const { subject, attack } = cell;
  const { state, surprising } = seen;
  const id = `cell-${subject.condition}-${attack.label}`;
  const isOpen = open !== undefined && cellKey(open) === cellKey(cell);
  const isMine = subject.condition === 'mine';
  const number = subject.lesson.number;
  const classes = [
    state.replace(' ', '-'),
    surprising && 'surprising',
    !isMine && number === attack.number && 'top-edge',
    !isMine && next && number >= attack.number && next.number > number && 'right-edge',
  ];
  const [sign, word, longer = word] = STATES[state];
  const spoken = `Attack ${attack.label} on ${subject.name}: ${longer}${surprising ? ', not as promised' : ''}`;
  const words = html`${sign !== '' && html`<b aria-hidden="true">${sign}</b> `}<span class="word">${word}</span>${surprising && html`<b class="unseen">not as promised</b>`}`;
  return html`<td class="${classes.filter(Boolean).join(' ')}">${
    state === 'not run'
      ? html`<button class="quiet" name="run" value="${cellKey(cell)}" id="${id}" aria-label="${spoken}">${words}</button>`
      : html`<a id="${id}" href="${addressOf(cell)}" data-cell="${cellKey(cell)}" aria-label="${spoken}"${isOpen && html` aria-current="true"`}>${words}</a>`
  }</td>`;
}

/** The page with a cell's transcript open. */
export function addressOf(cell: Cell): string {
  return `/gauntlet/?cell=${encodeURIComponent(cellKey(cell))}#opened`;
}

function openedPart(lab: Lab, gauntlet: Gauntlet, cell: Cell): Html {
  const { subject, attack } = cell;
  const seen = gauntlet.look(gauntlet.grid, cell);
  const run = lab.attacks.get(cellKey(cell));
  const isOff = seen.state === 'running' || seen.state === 'waiting';
  return html`<header class="line spread">
    <h2 id="opened-heading">Attack ${attack.label} <small>${attack.title}, on ${subject.name}</small></h2>
    <a href="/gauntlet/" data-cell="" id="close-opened">Close</a>
  </header>
  <form method="post" action="/run" data-action class="line wide">
    <input type="hidden" name="token" value="${lab.token}">
    <button name="run" value="${cellKey(cell)}" id="run-opened"${isOff && html` aria-disabled="true"`}>${run ? 'Run it again' : 'Run it'}</button>
    <a href="/lesson/${attack.label}/?class=${subject.condition}#attacks">Lesson ${attack.label} on ${subject.name}</a>
    <a href="/compare/?left=${subject.condition}&amp;right=${attack.condition}">Beside lesson ${attack.label}’s class</a>
  </form>
  ${run && transcript(run)}
  ${(run?.verdict === undefined || seen.state === 'not run') && html`<p class="empty">${waitingWords(seen)}</p>`}
  ${run?.verdict !== undefined && seen.state === 'not applicable' && html`<p class="empty">Not applicable: the workshop promises nothing for this attack on this class. ${seen.because}</p>`}
  <p class="muted">${promiseWords(cell, seen)}</p>`;
}

function waitingWords({ state, because }: Seen): string {
  if (state === 'not applicable') return `Not applicable. ${because ?? ''}`;
  if (state === 'waiting') return 'It is queued.';
  return state === 'running' ? '' : (because ?? 'It has not run yet.');
}

function promiseWords({ subject, attack }: Cell, { promised, surprising }: Seen): Html {
  const broken = surprising && html`<strong class="bad">✘ Not as promised.</strong> `;
  if (promised === 'held') {
    const why =
      subject.condition === 'mine'
        ? `you have done lesson ${attack.label}`
        : `from lesson ${attack.label} on every class holds`;
    return html`${broken}Promised: held, because ${why}.`;
  }
  if (promised === 'breached') {
    return html`${broken}Promised: breached. Lesson ${attack.label} begins with this class and fixes it.`;
  }
  return html`Nothing is promised for this pair.`;
}
