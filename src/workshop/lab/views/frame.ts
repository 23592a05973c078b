/** What stands around the pages that belong to no single lesson. */
import { type Html, html } from '../html.ts';
import type { Lab } from '../lab.ts';
import { statusLine } from './status.ts';

/** A page and what its browser needs for it. */
export interface Frame {
  lab: Lab;
  title: string;
  /** The address of the page, as the bar at the top links it. */
  here: '/gauntlet/' | '/compare/';
  /** Names of files below /assets/, beside those of every page. */
  styles: string[];
  script: string;
  /** Where the page is told what changes. */
  live: string;
  inside: Html;
}

/** The head of every page. */
export function head(title: string, styles: readonly string[], script: string): Html {
  return html`<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} · phpsessid lab</title>
<link rel="icon" href="/assets/icon.svg" type="image/svg+xml">
${['lab.css', ...styles].map((name) => html`<link rel="stylesheet" href="/assets/${name}">\n`)}
<script type="module" src="/assets/${script}"></script>
</head>`;
}

/**
 * Draws the page.
 *
 * @param frame What is on it.
 */
export function frame({ lab, title, here, styles, script, live, inside }: Frame): Html {
  const link = (path: string, name: string) =>
    html`<a class="docs" href="${path}"${path === here && html` aria-current="page"`}>${name}</a>`;
  return html`<!DOCTYPE html>
<html lang="en">
${head(title, styles, script)}
<body data-live="${live}">
<a class="skip" href="#main">Skip to the page</a>
<header class="top">
  <a class="brand" href="/">phpsessid<span> lab</span></a>
  <span id="status" class="live status" data-live>${statusLine({ lab })}</span>
  <p class="warning"><strong>Vulnerable on purpose:</strong> keep real data away</p>
  ${link('/gauntlet/', 'Gauntlet')}
  ${link('/compare/', 'Side by side')}
  <a class="docs" href="/docs/">Documentation</a>
</header>
${inside}
<p id="announcer" class="unseen" role="status" aria-live="polite"></p>
</body>
</html>
`;
}
