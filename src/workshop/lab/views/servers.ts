/** Several web servers before one table, and several databases that are one. */
import { findLesson } from '../../course/catalogue.ts';
import { ALONE, type Databases, type NodeLane } from '../databases.ts';
import { type Html, html, type Part } from '../html.ts';
import type { Lab } from '../lab.ts';
import { type Ledger, sentenceOf, WAYS, type Way } from '../ledger.ts';
import type { Machine } from '../machine.ts';
import { count } from '../text.ts';
import {
  SERVED,
  type ServerLane,
  sentenceOf as sumOf,
  type Visits,
  type WebServers,
} from '../web-servers.ts';
import { frame, panelStyles, topBar } from './frame.ts';
import { statusLine } from './status.ts';

interface ServersModel {
  lab: Lab;
  web: WebServers;
  databases: Databases;
}

/** Draws the parts of the page that change, by their element's id. */
export function serversParts({ lab, web, databases }: ServersModel): Map<string, Html> {
  return new Map([
    ['status', statusLine({ lab })],
    ['web-state', webPart(web)],
    ['databases-state', databasesPart(databases)],
  ]);
}

/** Draws the page. */
export function serversPage(model: ServersModel): Html {
  const { lab } = model;
  const parts = serversParts(model);
  const link = (number: number): Html => {
    const { label, title } = findLesson(lab.lessons, number);
    return html`<a href="/lesson/${label}/">lesson ${number}, ${title}</a>`;
  };
  const section = (
    id: string,
    heading: string,
    about: Part,
  ): Html => html`<section id="${id}" class="panel" aria-labelledby="${id}-heading">
  <h2 id="${id}-heading">${heading}</h2>
  <p class="lead muted">${about}</p>
  <form method="post" action="/servers" data-action>
    <input type="hidden" name="token" value="${lab.token}">
    <div id="${id}-state" class="live" data-live>${parts.get(`${id}-state`)}</div>
  </form>
</section>`;
  const inside = html`${topBar(lab, '/servers/')}
<main id="main" tabindex="-1" class="servers">
<header class="subject line wide"><h1>Several servers</h1></header>
<noscript><p class="message">Without a script the page does not change by itself. <a href="/servers/">Load it again</a> to see how it goes on.</p></noscript>
${section(
  'web',
  'Three web servers, one table',
  html`From ${link(SERVED)}. A and B are Node with that lesson’s class, the third is PHP with its twin. haproxy passes the visits to each in turn. Kill one while visits are under way; then let one hang, which is worse: it accepts visits and answers none, until haproxy’s checks have failed three times and take it out, after about seven seconds.`,
)}
${section(
  'databases',
  'Three databases that are one',
  html`From ${link(SERVED + 1)}. Six workers, two on each node of a Galera cluster, add one to the number in the same row. A save is acknowledged when its statement was answered without an error. Compare the two ways; then kill a node meanwhile, or let one hang: the others wait until they have left it out, after about two and a half seconds.`,
)}
</main>`;
  return frame({
    title: 'Several servers',
    styles: [...panelStyles, 'servers.css'],
    script: { name: 'lab.js', live: '/servers/live' },
    inside,
  });
}

/** The page's content until the programs are up; undefined once they are. */
function beforehand(machine: Machine, id: string, name: string): Html | undefined {
  const { state } = machine;
  if (state.state === 'up') return undefined;
  if (state.state === 'starting') return html`<p class="empty">${state.step}</p>`;
  return html`${
    state.state === 'failed' && html`<p class="message">Starting failed. ${state.reason}</p>`
  }<button class="primary" id="${id}-start" name="do" value="${id} start">Start ${name}</button>
  <p class="small muted">Its programs are used where they are installed, else fetched once, without changing your system.</p>`;
}

function troubleOf({ trouble }: Machine): Html | undefined {
  return trouble === undefined ? undefined : html`<p class="message bad">${trouble}</p>`;
}

function webPart(web: WebServers): Html {
  const before = beforehand(web, 'web', 'the site');
  if (before) return before;
  const { lanes, visits, work } = web;
  const most = Math.max(1, ...lanes.map(({ answered }) => answered));
  return html`<table class="lanes">
    <caption class="unseen">The servers behind ${web.proxy}</caption>
    <thead><tr><th scope="col">server</th><th scope="col">state</th><th scope="col">visits answered</th><th scope="col"><span class="unseen">buttons</span></th></tr></thead>
    <tbody>${lanes.map((lane) => webLane(lane, most))}</tbody>
  </table>
  <p class="line">
    <button class="primary" id="web-1" name="do" value="web send 1">Visit</button>
    <button id="web-100" name="do" value="web send 100">Visit ×100</button>
    <button id="web-1000" name="do" value="web send 1000">Visit ×1000</button>
    <button class="quiet" id="web-forget" name="do" value="web forget">A new visitor</button>
    ${work !== undefined && html`<span class="muted">${work} …</span>`}
  </p>
  ${!web.isReachable && proxyEnded(web)}${lanes.every(({ state }) => state === 'killed') && NONE_UP}${troubleOf(web)}${visitsLine(visits, work === undefined)}`;
}

const NONE_UP = html`<p class="message bad"><span aria-hidden="true">✘</span> Every server was killed: no visit is answered. Start one again.</p>`;

function proxyEnded({ proxy }: WebServers): Html {
  return html`<p class="message bad"><span aria-hidden="true">✘</span> ${proxy} has ended: no visit reaches a server. <button id="web-reopen" name="do" value="web reopen">Start it again</button></p>`;
}

function webLane({ name, runs, state, answered }: ServerLane, most: number): Html {
  const isHung = state === 'hung';
  const hang = laneButton('web hang', name, isHung ? 'Resume' : 'Hang');
  return html`<tr><th scope="row">${name} <small>${name === runs ? '' : runs}</small></th>
    <td>${stateOf(state === 'up', state)}</td>
    <td><span class="bar" style="--part: ${answered / most}"></span> ${answered}</td>
    <td>${state !== 'killed' && hang} ${laneButton('web toggle', name, state === 'killed' ? 'Start again' : 'Kill')}</td></tr>`;
}

function visitsLine(visits: Visits, isQuiet: boolean): Html {
  const { shown, answered, unanswered } = visits;
  if (answered + unanswered === 0) return html`<p class="empty">No visit yet.</p>`;
  const said = sumOf(visits);
  if (!isQuiet) return html`<p>${said}</p>`;
  if (shown < answered) {
    return html`<p class="bad">✘ ${said} ${count(answered - shown, 'answered visit')} did not count.</p>`;
  }
  const rest = shown - answered;
  const more =
    rest > 0
      ? html` ${rest} of the others had been counted before their server could answer.`
      : html``;
  return html`<p class="good">✔ ${said} Nothing that was answered is lost.${more}</p>`;
}

function databasesPart(databases: Databases): Html {
  const before = beforehand(databases, 'databases', 'the cluster');
  if (before) return before;
  const { lanes, ledger, work } = databases;
  const ways = Object.keys(WAYS) as Way[];
  return html`<table class="lanes">
    <caption class="unseen">The nodes of the cluster</caption>
    <thead><tr><th scope="col">node</th><th scope="col">state</th><th scope="col">the number in its row</th><th scope="col"><span class="unseen">buttons</span></th></tr></thead>
    <tbody>${lanes.map(nodeLane)}</tbody>
  </table>
  <p class="line">
    ${ways.map((way) => html`<button id="save-${way}" name="do" value="databases save ${way}">300 saves ${WAYS[way]}</button> `)}
    ${work !== undefined && html`<span class="muted">${work} …</span>`}
  </p>
  ${databases.takesSaves ? troubleOf(databases) : html`<p class="message bad"><span aria-hidden="true">✘</span> ${ALONE}</p>`}${ledger ? ledgerLine(ledger) : html`<p class="empty">No save yet.</p>`}`;
}

function nodeLane({ name, isUp, isHung, state, number }: NodeLane): Html {
  const hang = laneButton('databases hang', name, isHung ? 'Resume' : 'Hang');
  return html`<tr><th scope="row">${name}</th><td>${stateOf(isUp && state === 'Synced', state)}</td>
    <td>${number ?? 'no answer'}</td>
    <td>${isUp && hang} ${laneButton('databases toggle', name, isUp ? 'Kill' : 'Bring back')}</td></tr>`;
}

function ledgerLine(ledger: Ledger): Html {
  const { acknowledged, repeated, total } = ledger;
  if (total === undefined) return html`<p>${acknowledged} acknowledged so far.</p>`;
  const again = html` ${count(repeated, 'save')} had to be made again.`;
  return total < acknowledged
    ? html`<p class="bad">✘ ${sentenceOf(ledger)}${again}</p>`
    : html`<p class="good">✔ ${sentenceOf(ledger)}${again}</p>`;
}

function stateOf(isGood: boolean, word: string): Html {
  return isGood
    ? html`<span class="good">● ${word}</span>`
    : html`<span class="bad">○ ${word}</span>`;
}

/** @param task - The part of the page and the task: `web toggle`. */
function laneButton(task: string, name: string, label: string): Html {
  const id = `${task} ${name}`;
  return html`<button class="quiet" id="${id.replaceAll(' ', '-')}" name="do" value="${id}" aria-label="${label} ${name}">${label}</button>`;
}
