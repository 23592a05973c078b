/** The picture of two visits: who calls whom, in which order, with what. */
import { dirname, join, relative, sep } from 'node:path';
import { root } from '../../course/catalogue.ts';
import type { Message } from '../../sandbox/messages.ts';
import type { Visit } from '../record.ts';
import type { Page, Yield } from '../weave.ts';

const LANES = ['Browser', 'PHP’s session functions', 'Sessions', 'MySQL'] as const;
const [BROWSER, PHP, CLASS, DATABASE] = [0, 1, 2, 3] as const;
const STEP = 30;
const LETTER = 6.9;
const HEAD = 34;

interface Arrow {
  from: number;
  to: number;
  text: string;
}

/**
 * Draws recorded visits.
 *
 * @param visits What was recorded, in order.
 * @param page The page that shows the picture.
 */
export function drawTrace(visits: Visit[], page: Page): Yield {
  const path = join(root, 'docs/pictures/trace.svg');
  const parts = visits.map((visit, index) => ({
    title: index === 0 ? 'The first visit' : 'The next visit',
    arrows: arrowsOf(visit),
  }));
  const told = visits.map((visit, index) => {
    const calls = visit.messages.flatMap((message) =>
      message.type === 'callback' ? [message.name] : [],
    );
    return `${parts[index]?.title}: ${calls.join(', ')}`;
  });
  return {
    kind: 'block',
    text: `![${told.join('. ')}.](${relative(dirname(page.path), path).replaceAll(sep, '/')})`,
    drawn: { path, text: svg(parts) },
  };
}

function arrowsOf(visit: Visit): Arrow[] {
  const cookie = visit.cookie ? ` with the cookie ${visit.cookie}` : '';
  return [
    { from: BROWSER, to: PHP, text: `GET /${cookie}` },
    ...visit.messages.flatMap(arrowOf),
    { from: PHP, to: BROWSER, text: [`“${withoutTags(visit.body)}”`, cookieOf(visit)].join('') },
  ];
}

function arrowOf(message: Message): Arrow[] {
  switch (message.type) {
    case 'callback':
      return [{ from: PHP, to: CLASS, text: `${message.name}(${message.values.join(', ')})` }];
    case 'sql':
      return [{ from: CLASS, to: DATABASE, text: withoutTime(message.sql) }];
    case 'callback-end':
      return message.answer === undefined || message.answer === 'true'
        ? []
        : [{ from: CLASS, to: PHP, text: message.answer }];
    default:
      return [];
  }
}

/** The moment of the recording is the one thing that differs from run to run. */
function withoutTime(sql: string): string {
  return sql.replace(/\b\d{10}\b/g, '…');
}

function withoutTags(html: string): string {
  return html.replace(/<[^>]+>/g, '');
}

function cookieOf(visit: Visit): string {
  return visit.setCookie ? ` and ${visit.setCookie.split(';', 1)[0]}` : '';
}

function svg(parts: { title: string; arrows: Arrow[] }[]): string {
  const lanes = placeLanes(parts.flatMap(({ arrows }) => arrows));
  const width = (lanes.at(-1) ?? 0) + 60;
  const drawn: string[] = [];
  let top = HEAD + 10;
  for (const { title, arrows } of parts) {
    drawn.push(text(12, top + 16, title, 'start', 'font-weight="600"'));
    top += 34;
    for (const arrow of arrows) {
      drawn.push(...drawArrow(arrow, lanes, top + 20));
      top += STEP;
    }
    top += 26;
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${top}" width="${width}" height="${top}" font-family="ui-sans-serif, system-ui, 'Segoe UI', 'Noto Sans', 'DejaVu Sans Condensed', sans-serif" font-size="12">`,
    '<title>Two visits to the counter page</title>',
    ...LANES.flatMap((name, index) => drawLane(name, lanes[index] ?? 0, top)),
    ...drawn,
    '</svg>',
    '',
  ].join('\n');
}

/** Each pair of neighbours stands as far apart as the longest words between them need. */
function placeLanes(arrows: Arrow[]): number[] {
  const places = [62];
  for (let lane = 1; lane < LANES.length; lane += 1) {
    const words = arrows
      .filter(({ from, to }) => Math.max(from, to) === lane)
      .map((arrow) => arrow.text.length * LETTER + 24);
    places.push(Math.round((places[lane - 1] ?? 0) + Math.max(170, ...words)));
  }
  return places;
}

function drawLane(name: string, x: number, bottom: number): string[] {
  const wide = name.length * LETTER + 20;
  return [
    `<path d="M${x} ${HEAD}V${bottom - 8}" style="stroke:var(--color-accent, #bbb)" stroke-dasharray="3 3"/>`,
    `<rect x="${x - wide / 2}" y="4" width="${wide}" height="${HEAD - 6}" rx="5" style="fill:var(--row-mark, #eceae3)"/>`,
    `<text x="${x}" y="23" text-anchor="middle" font-weight="600" style="fill:var(--row-text, #222)">${name}</text>`,
  ];
}

function drawArrow(arrow: Arrow, lanes: number[], y: number): string[] {
  const [from, to] = [lanes[arrow.from] ?? 0, lanes[arrow.to] ?? 0];
  const away = Math.sign(to - from);
  const colour = 'var(--color-link, #3246a8)';
  const dashes = away < 0 ? ' stroke-dasharray="5 3"' : '';
  return [
    text((from + to) / 2, y - 6, arrow.text, 'middle'),
    `<path d="M${from} ${y}H${to - away * 7}"${dashes} style="stroke:${colour}"/>`,
    `<path d="M${to} ${y}l${-away * 8} -4v8z" style="fill:${colour}"/>`,
  ];
}

function text(x: number, y: number, words: string, anchor: string, more = ''): string {
  const safe = words.replace(/[<>&]/g, (each) => `&#${each.charCodeAt(0)};`);
  return `<text x="${x}" y="${y}" text-anchor="${anchor}" ${more} style="fill:var(--color-text, #555);stroke:var(--color-background, #fff);stroke-width:4;paint-order:stroke">${safe}</text>`;
}
