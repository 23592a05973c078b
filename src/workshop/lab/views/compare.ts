/** Two classes side by side: one set of buttons, and below it what each class made of them. */
import type { Lesson } from '../../course/catalogue.ts';
import { CLIENTS, type ClientName, NAMES } from '../clients.ts';
import { ATTRIBUTE, type Comparison, compare, type Fact, type Side } from '../compare.ts';
import { type Html, html, type Part, raw } from '../html.ts';
import type { Lab } from '../lab.ts';
import { count } from '../text.ts';
import { clientPage, clientWire, cookieFields, processPicker, requestButtons } from './client.ts';
import { frame, panelStyles, topBar } from './frame.ts';
import type { PageModel } from './model.ts';
import { rowPanel } from './row.ts';
import { classNotice, statusLine } from './status.ts';
import { timelinePanel } from './timeline.ts';

/** Two classes, and the client whose requests they answer. */
interface Pair {
  lab: Lab;
  left: Side;
  right: Side;
  client: ClientName;
  /** True where a script counts the ages. */
  ticking: boolean;
}

type SideName = 'left' | 'right';

const SIDES: readonly SideName[] = ['left', 'right'];

/** Draws the parts of the page that change, by their element's id. */
export function compareParts(pair: Pair): Map<string, Html> {
  const { lab, client } = pair;
  const parts = SIDES.flatMap((name): [string, Html][] => {
    const model = modelOf(pair, name);
    const cookie = model.running?.clients[client].cookie ?? '';
    const draw = (part: string, markup: Html): [string, Html] => [
      `${name}-${part}`,
      ofSide(name, markup),
    ];
    return [
      draw('notice', classNotice(model)),
      draw('page', clientPage(model, client)),
      draw(
        'cookie',
        html`<span class="muted">Cookie</span> <code class="bytes">${cookie || 'none'}</code>`,
      ),
      draw('wire', clientWire(model, client)),
      draw('rows', rowPanel(model)),
      draw('requests', timelinePanel(model)),
    ];
  });
  return new Map([
    ['status', statusLine({ lab })],
    ['cookie-both', cookieFields(client, ...sharedCookie(pair))],
    ['differences', differencesPart(pair)],
    ...parts,
  ]);
}

/** Draws the page. */
export function comparePage(pair: Pair): Html {
  const { lab, left, right, client } = pair;
  const parts = compareParts(pair);
  const live = (id: string, name = '') =>
    html`<div id="${id}" class="live ${name}" data-live>${parts.get(id)}</div>`;
  const inside = html`${topBar(lab, '/compare/')}
<main id="main" tabindex="-1" class="pair">
<header class="subject line wide">
  <h1>Side by side</h1>
  ${pickers(pair)}
</header>
<section id="play" class="panel requests" aria-labelledby="requests-heading">
  <h2 id="requests-heading">The same request to both <small>as ${NAMES[client]}; each class with the cookies it gave</small></h2>
  <div class="line wide">
    ${send(pair, html`${requestButtons(client)}${processPicker(client, 'each class')}`)}
    ${send(pair, live('cookie-both'))}
    ${send(pair, html`<button class="quiet" name="do" value="reset">Empty both tables, delete the cookies</button>`)}
  </div>
</section>
<section class="panel" aria-labelledby="differences-heading">
  <h2 id="differences-heading">What differs <small>after the last request of ${NAMES[client]}</small></h2>
  ${live('differences')}
</section>
<div class="sides">${SIDES.map((name) => {
    const { lesson, subject } = modelOf(pair, name).view;
    return html`<section class="panel side" aria-labelledby="${name}-heading">
    <h2 id="${name}-heading"><a href="/lesson/${lesson.label}/?class=${subject.condition}">${subject.name}</a> <small>${titleOf(subject.condition, lesson)}</small></h2>
    ${live(`${name}-notice`)}
    ${live(`${name}-page`)}
    ${live(`${name}-cookie`, 'jar small')}
    ${live(`${name}-wire`)}
    <h3>Row</h3>
    ${live(`${name}-rows`, 'row')}
    <h3>Timeline</h3>
    ${live(`${name}-requests`, 'time')}
  </section>`;
  })}</div>
</main>`;
  return frame({
    title: `${left.subject.name} beside ${right.subject.name}`,
    styles: [...panelStyles, 'compare.css'],
    script: { name: 'lab.js', live: `/compare/live?${queryOf(pair)}` },
    inside,
  });
}

/** The pair in an address. */
export function queryOf({ left, right, client }: Omit<Pair, 'lab' | 'ticking'>): string {
  const names = { left: left.subject.condition, right: right.subject.condition, client };
  return new URLSearchParams(names).toString();
}

function modelOf({ lab, ticking, ...pair }: Pair, name: SideName): PageModel {
  const { subject, running } = pair[name];
  return { lab, view: { lesson: subject.lesson, subject }, running, ticking };
}

/**
 * Puts the side's name before the ids of a panel, which is made for a page with one of each.
 *
 * Quotes in texts are escaped, so that no text looks like an id.
 */
function ofSide(name: SideName, markup: Html): Html {
  return raw(
    markup.toString().replace(/ (id|for|aria-labelledby|aria-describedby)="/g, ` $1="${name}-`),
  );
}

function send({ lab, left, right, client }: Pair, inside: Part): Html {
  return html`<form method="post" action="/both" data-action class="line">
    <input type="hidden" name="token" value="${lab.token}">
    <input type="hidden" name="left" value="${left.subject.condition}">
    <input type="hidden" name="right" value="${right.subject.condition}">
    <input type="hidden" name="client" value="${client}">
    ${inside}
  </form>`;
}

/** One field for both sides: empty while their cookies differ. */
function sharedCookie({ left, right, client }: Pair): [cookie: string, placeholder: string] {
  const [one = '', other = ''] = [left, right].map(
    ({ running }) => running?.clients[client].cookie,
  );
  if (one === other) return [one, 'none'];
  return ['', 'each has its own'];
}

function pickers({ lab, left, right, client }: Pair): Html {
  const picker = (name: string, label: string, choices: Part) =>
    html`<span class="line"><label for="pick-${name}" class="small muted">${label}</label>
    <select name="${name}" id="pick-${name}">${choices}</select></span>`;
  return html`<form method="get" action="/compare/" class="pickers line">
    ${picker('left', 'left', options(lab, left.subject.condition))}
    ${picker('right', 'right', options(lab, right.subject.condition))}
    ${picker(
      'client',
      'as',
      CLIENTS.map((name) => option(name, NAMES[name], name === client)),
    )}
    <button>Show</button>
  </form>`;
}

function options(lab: Lab, chosen: string): Html {
  const { lessons } = lab;
  const wrong = lessons.filter((lesson) => lesson.wrong.length > 0);
  return html`<optgroup label="Lessons">${lessons.map(({ condition, label, title }) =>
    option(condition, `${label} ${title}`, condition === chosen),
  )}</optgroup>
    <optgroup label="Your own">${option('mine', lab.hasMine ? 'mine' : 'mine, not begun', chosen === 'mine')}</optgroup>
    ${wrong.map(
      (lesson) =>
        html`<optgroup label="Wrong fixes of lesson ${lesson.label}">${lesson.wrong.map(
          ({ condition }) =>
            option(condition, condition.slice('wrong-'.length), condition === chosen),
        )}</optgroup>`,
    )}`;
}

function option(value: string, name: string, chosen: boolean): Html {
  return html`<option value="${value}"${chosen && html` selected`}>${name}</option>`;
}

function titleOf(condition: string, lesson: Lesson): string {
  if (condition === 'mine') return `your class, in lesson ${lesson.label}`;
  return condition === lesson.condition ? lesson.title : `a wrong fix of lesson ${lesson.label}`;
}

function differencesPart({ left, right, client }: Pair): Html {
  if (left.subject.condition === right.subject.condition) {
    return html`<p class="empty">Both sides are ${left.subject.name}: choose another class for one of them.</p>`;
  }
  const found = compare(left, right, client);
  if (!found) {
    return html`<p class="empty">Press Visit: both classes get the request, and the differences are listed here.</p>`;
  }
  return html`${table(found, left, right)}<p class="small muted">${
    found.same.length > 0 &&
    html`The same: ${found.same.map((what) => what.replace(ATTRIBUTE, '')).join(', ')}.`
  } Ids and times differ each time and are not compared.</p>`;
}

function table({ differs }: Comparison, left: Side, right: Side): Html {
  if (differs.length === 0) return html`<p class="sum good">✔ Nothing differs.</p>`;
  const lines = (values: string[], others: string[]) =>
    html`${values.map((value) => html`<div>${others.length > 1 && value !== 'none' && !others.includes(value) ? html`<ins><span class="unseen">only here: </span>${value}</ins>` : value}</div>`)}`;
  const one = ({ what, left: before, right: after }: Fact) =>
    html`<tr><th scope="row"><span class="tag changed">differs:</span> ${what}</th><td>${lines(before, after)}</td><td>${lines(after, before)}</td></tr>`;
  return html`<div class="scroll" tabindex="0" role="region" aria-labelledby="differs-caption"><table class="differs">
    <caption id="differs-caption">${count(differs.length, 'difference')}</caption>
    <thead><tr><th scope="col">what</th><th scope="col">${left.subject.name}</th><th scope="col">${right.subject.name}</th></tr></thead>
    <tbody>${differs.map(one)}</tbody>
  </table></div>`;
}
