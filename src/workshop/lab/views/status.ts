/** The state of the database, and of the class as a whole. */
import { asSentence } from '../../sandbox/failure.ts';
import { namePlace } from '../../sandbox/location.ts';
import type { Failure } from '../../sandbox/report.ts';
import { noClassYet } from '../class-file.ts';
import { type Html, html } from '../html.ts';
import type { PageModel } from './model.ts';

/** The database in one line, with a sign and a word. */
export function statusLine({ lab }: Pick<PageModel, 'lab'>): Html {
  const { state, milliseconds, version, origin } = lab.database;
  if (state === 'starting') {
    return html`<span class="dot wait" aria-hidden="true"></span>The database is starting …`;
  }
  if (state === 'down') {
    return html`<span class="dot bad" aria-hidden="true"></span><strong>The database is down.</strong> The page goes on by itself as soon as it answers.`;
  }
  const seconds = milliseconds === undefined ? '' : ` in ${(milliseconds / 1_000).toFixed(1)} s`;
  const whose = origin === 'DATABASE_URL' ? 'your own server' : shortVersion(version);
  return html`<span class="dot good" aria-hidden="true"></span>Database ready${seconds} · ${whose}`;
}

/** Explains why the chosen class does not answer, when it does not. */
export function classNotice({ lab, view, running }: PageModel): Html {
  const { condition } = view.subject;
  if (condition === 'mine' && !lab.hasMine) {
    return html`<p class="message">${noClassYet(view.subject)}</p>`;
  }
  const failure = running?.processes.find((each) => each.failure)?.failure;
  return failure ? failureMessage(failure) : html``;
}

/** A failure with its place, and what to do next. */
export function failureMessage(failure: Failure): Html {
  const { location } = failure;
  return html`<p class="message bad"><span aria-hidden="true">✘</span> ${asSentence(failure)} ${
    location && html`<code>${namePlace(location)}</code>`
  } <span class="next">Save the file or press Visit to try again.</span></p>`;
}

function shortVersion(version: string | undefined): string {
  const number = /\d+\.\d+(?:\.\d+)?/.exec(version ?? '')?.[0] ?? '';
  return /maria/i.test(version ?? '') ? `MariaDB ${number}` : `MySQL ${number}`;
}
