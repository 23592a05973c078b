/** The frame of every page: its head, the bar at the top, and the live region for screen readers. */
import { type Html, html } from '../html.ts';
import type { Lab } from '../lab.ts';
import { statusLine } from './status.ts';

export interface Frame {
  title: string;
  /** Names of files below /assets/, beside those of every page. */
  styles: readonly string[];
  /** The file that makes the page live, and the address of its events. */
  script?: { name: string; live: string } | undefined;
  inside: Html;
}

/** The style sheets of a lesson's panels, in this order. */
export const panelStyles = [
  'lab.css',
  'row.css',
  'timeline.css',
  'lesson.css',
  'screens.css',
] as const;

/** Draws a whole page. */
export function frame({ title, styles, script, inside }: Frame): Html {
  return html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} · phpsessid lab</title>
<link rel="icon" href="/assets/icon.svg" type="image/svg+xml">
${['base.css', 'components.css', ...styles].map((name) => html`<link rel="stylesheet" href="/assets/${name}">\n`)}
${script && html`<script type="module" src="/assets/${script.name}"></script>`}
</head>
<body${script && html` data-live="${script.live}"`}>
<a class="skip" href="#main">Skip to the page</a>
${inside}
<div id="announcer" class="unseen" role="log" aria-live="polite"></div>
</body>
</html>
`;
}

/** A page with a heading and a few paragraphs. */
export function messagePage(heading: string, ...paragraphs: (Html | string)[]): string {
  const inside = html`<main id="main" class="alone"><h1>${heading}</h1>${paragraphs.map((each) => html`<p>${each}</p>`)}<p><a href="/">To the lab</a></p></main>`;
  return frame({ title: heading, styles: [], inside }).toString();
}

interface BarLinks {
  first?: Html | undefined;
  compare?: string;
}

/** The bar at the top of every page but the instructor's; `here` is the page's own address. */
export function topBar(lab: Lab, here: string = '', more: BarLinks = {}): Html {
  const { first, compare = '/compare/' } = more;
  const link = (path: string, name: string) =>
    html`<a href="${path}"${path === here && html` aria-current="page"`}>${name}</a>`;
  return html`<header class="top line wide small">
  <a class="brand" href="/">phpsessid<span> lab</span></a>
  ${statusPart(lab)}
  ${WARNING}
  ${first}
  ${link('/gauntlet/', 'Gauntlet')}
  ${link(compare, 'Side by side')}
  ${link('/servers/', 'Servers')}
  ${link('/docs/', 'Documentation')}
</header>`;
}

/** The database's state, kept up to date. */
export function statusPart(lab: Lab): Html {
  return html`<span id="status" class="live status muted" data-live>${statusLine({ lab })}</span>`;
}

export const WARNING: Html = html`<p class="warning"><strong>Vulnerable on purpose:</strong> keep real data away</p>`;
