/** The lessons as a strip at the top of a page, and the ways to the ones before and after. */
import { difficulties, type Lesson } from '../../course/catalogue.ts';
import { type LessonProgress, progress } from '../../course/progress.ts';
import { lessonAfter, lessonBefore } from '../../course/promises.ts';
import { type Html, html } from '../html.ts';
import type { Lab } from '../lab.ts';

const MARKS: Record<LessonProgress['state'], Html> = {
  page: html``,
  open: html``,
  earlier: html` <span class="muted">✔ <small>done earlier</small><span class="unseen">, with another version of your class</span></span>`,
  done: html` <span class="good">✔<span class="unseen"> done</span></span>`,
};

/** The lessons with tests, and how many of them the class as it is now has done. */
export function countDone(entries: readonly LessonProgress[]): { done: number; of: number } {
  const tested = entries.filter(({ state }) => state !== 'page');
  return { done: tested.filter(({ state }) => state === 'done').length, of: tested.length };
}

/** The strip, which scrolls to the lesson that is read; the last page is not a lesson. */
export function lessonStrip(lab: Lab, here: Lesson | undefined): Html {
  const entries = progress(lab.lessons);
  const { done, of } = countDone(entries);
  const earlier = entries.filter(({ state }) => state === 'earlier').length;
  return html`<a class="finish" href="/finish/" id="to-finish"${!here && html` aria-current="page"`}>${
    done === of
      ? 'All done'
      : html`${done} of ${of}<span class="unseen"> lessons done, the finish</span>`
  } <span class="good" aria-hidden="true">✔</span>${earlier > 0 && html` <small class="muted">${earlier} earlier</small>`}</a>
  <ol>${entries.map(({ lesson: { label, number, title }, state }) => {
    const isHere = number === here?.number;
    return html`<li><a href="/lesson/${label}/" id="to-${label}"${isHere && html` aria-current="page"`}><span class="number">${label}</span> ${title}${MARKS[state]}</a></li>`;
  })}</ol>`;
}

/** The time that a lesson takes, and how hard it is. */
export function effort({ kind, minutes, difficulty }: Lesson): Html {
  const words = kind === 'page' ? 'a page to read' : difficulties[difficulty];
  return html`<p class="small muted">${minutes} min · ${words}</p>`;
}

/** Links to the lessons before and after; behind the last one is the finish. */
export function neighbours({ lessons }: Lab, lesson: Lesson): Html {
  const [before, after] = [lessonBefore(lessons, lesson), lessonAfter(lessons, lesson)];
  return html`<nav class="neighbours line spread" aria-label="Lessons before and after">
    ${before ? html`<a rel="prev" href="/lesson/${before.label}/"><span aria-hidden="true">←</span> ${before.number}. ${before.title}</a>` : html`<span></span>`}
    ${
      after
        ? html`<a rel="next" href="/lesson/${after.label}/">${after.number}. ${after.title} <span aria-hidden="true">→</span></a>`
        : html`<a rel="next" href="/finish/">The finish <span aria-hidden="true">→</span></a>`
    }
  </nav>`;
}
