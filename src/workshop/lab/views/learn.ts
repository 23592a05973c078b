/** The texts of a lesson: walkthrough, hints, the class and its difference to the one before. */
import { readFileSync } from 'node:fs';
import { diffLines } from 'diff';
import { isFile, type Lesson, shown } from '../../course/catalogue.ts';
import { withoutFrame } from '../../course/frame.ts';
import { withoutMoved } from '../../course/moved.ts';
import { lessonBefore } from '../../course/promises.ts';
import type { View } from '../class-file.ts';
import { type Html, html } from '../html.ts';
import { readStep, type Step, stepsOf } from '../steps.ts';
import { highlightLines } from './highlight.ts';
import { renderMarkdown } from './markdown.ts';

const CONTEXT = 3;

/** The lesson's text, with the outcome of its attack and its solution folded. */
export function walkthrough(lesson: Lesson, lessons: Lesson[]): Html {
  return html`${stepsOf(lesson).map(
    (step) => html`<h3 id="read-${step.name}">${step.heading}</h3>
    ${stepText(lesson, step, lessons)}`,
  )}`;
}

/** A step's text, in which the outcome of the attack is folded. */
export function stepText(lesson: Lesson, step: Step, lessons: Lesson[]): Html {
  const place = { lesson, lessons };
  const { text, outcome } = readStep(lesson, step);
  if (outcome === '') return renderMarkdown(text, place);
  const prompt =
    text === '' &&
    html`<p>Predict what the attack will do to the class at work, then press the button.</p>`;
  return html`${prompt}${renderMarkdown(text, place)}${folded('What happens, and why', renderMarkdown(outcome, place))}`;
}

/** An answer, which is hidden until it is asked for. */
function folded(name: string, inside: Html): Html {
  return html`<details class="answer"><summary>${name}</summary>${inside}</details>`;
}

/** The hints, each to be opened by itself. */
export function hints(lesson: Lesson): Html {
  const { hints: file } = lesson.files;
  if (!file) return html`<p class="empty">This lesson needs no hints.</p>`;
  const [, ...parts] = withoutFrame(readFileSync(file, 'utf8')).split(/^## /m);
  return html`<ol class="ladder">${parts.map((part, index) => {
    const [heading = '', ...text] = part.split('\n');
    const title = heading.replace(/^\d+\.\s*/, '');
    return html`<li><details id="hint-${index}"><summary>${title}</summary>
      <div class="prose">${renderMarkdown(text.join('\n'), { lesson, lessons: [] })}</div></details></li>`;
  })}</ol>`;
}

/** The class or a wrong fix's patch, the difference to another class, and the article's PHP. */
export function code({ lesson, subject }: View, lessons: Lesson[]): Html {
  if (!isFile(subject.path)) {
    return html`<p class="empty">There is no <code>${shown(subject.path)}</code> yet.</p>`;
  }
  const text = readFileSync(subject.path, 'utf8');
  const { wrong } = subject;
  const before = lessonBefore(lessons, subject.lesson);
  // A learner's class is compared with the lesson's, the lesson's with the one before.
  const other = subject.condition === lesson.condition ? before : lesson;
  const compare = (solution: string): Html =>
    other === before
      ? difference(withoutMoved(solution, text, lessons), text)
      : difference(withoutMoved(text, solution, lessons), solution);
  return html`
    ${
      wrong &&
      html`<details id="code-patch"><summary><code>${shown(wrong.patch)}</code></summary>${listing(readFileSync(wrong.patch, 'utf8'), 'diff', shown(wrong.patch))}</details>`
    }
    ${
      !wrong &&
      other &&
      html`<details id="code-diff"><summary>${
        other === before
          ? `What changed since ${other.condition}`
          : `What separates it from ${other.condition}, the solution`
      }</summary>${compare(readFileSync(other.files.class, 'utf8'))}</details>`
    }
    ${
      lesson.files.php &&
      html`<details id="code-php"><summary>The article’s PHP, repaired</summary>${listing(readFileSync(lesson.files.php, 'utf8'), 'php', shown(lesson.files.php))}</details>`
    }
    <details id="code-class"><summary><code>${shown(subject.path)}</code></summary>${listing(text, 'typescript', shown(subject.path))}</details>`;
}

interface Line {
  /** The line's number, or its sign in a difference. */
  mark: string | number;
  kind?: 'added' | 'removed';
  markup: Html;
}

/** A file with numbered lines. */
export function listing(text: string, language: string, name: string): Html {
  const lines = highlightLines(text.replace(/\n$/, ''), language);
  return drawLines(
    name,
    lines.map((markup, index) => ({ mark: index + 1, markup })),
  );
}

function drawLines(name: string, lines: Line[]): Html {
  return html`<div class="listing well" tabindex="0" role="region" aria-label="${name}"><pre><code>${lines.map(
    ({ mark, kind, markup }) => html`<span class="${kind}"><b>${mark}</b>${markup}</span>`,
  )}</code></pre></div>`;
}

/** Line by line, with a sign for added and removed lines, and a few unchanged lines. */
function difference(before: string, after: string): Html {
  const [removed, added] = [before, after].map((text) => highlightLines(text, 'typescript'));
  const changes = diffLines(before, after);
  const lines = changes.flatMap((change, index): Line[] => {
    const count = change.value.replace(/\n$/, '').split('\n').length;
    const old = change.added ? [] : (removed?.splice(0, count) ?? []);
    const own = change.removed ? old : (added?.splice(0, count) ?? []);
    if (change.added) return own.map((markup) => ({ mark: '+', kind: 'added', markup }));
    if (change.removed) return own.map((markup) => ({ mark: '-', kind: 'removed', markup }));
    return shortenContext(own, index === 0, index === changes.length - 1).map((markup) =>
      markup ? { mark: ' ', markup } : { mark: '…', markup: html`` },
    );
  });
  if (lines.every(({ kind }) => kind === undefined)) {
    return html`<p class="empty">Nothing: the two are the same.</p>`;
  }
  return drawLines('Difference', lines);
}

function shortenContext(lines: Html[], first: boolean, last: boolean): (Html | undefined)[] {
  if (lines.length <= CONTEXT * 2 + 1 && !first && !last) return lines;
  const head = first ? [] : lines.slice(0, CONTEXT);
  const tail = last ? [] : lines.slice(Math.max(head.length, lines.length - CONTEXT));
  return head.length + tail.length < lines.length ? [...head, undefined, ...tail] : lines;
}
