/** The choice of the class at work, on a lesson's page and on an instructor's step. */
import { lessonBefore } from '../../course/promises.ts';
import { type Html, html } from '../html.ts';
import { lessonToPlay } from '../methods.ts';
import type { PageModel } from './model.ts';

interface Choice {
  condition: string;
  name: string;
  /** Its relation to the lesson. */
  note: string;
}

/** The class before, the lesson's and the learner's; the names of wrong fixes give answers away. */
export function classPicker(model: PageModel): Html {
  const { view, step } = model;
  const { lesson, subject } = view;
  const choices = usualChoices(model);
  const wrong = lesson.wrong
    .filter((each) => !choices.some(({ condition }) => condition === each.condition))
    .map(({ condition }) => ({ condition, name: condition.slice('wrong-00-'.length), note: '' }));
  if (!choices.some(({ condition }) => condition === subject.condition)) {
    const note = subject.wrong ? 'wrong' : 'chosen by address';
    choices.push({ condition: subject.condition, name: subject.condition, note });
  }
  const page = `/lesson/${lesson.label}/?${step ? `step=${step.name}&` : ''}class=`;
  const draw = (each: Choice) =>
    html`<li><a href="${page}${each.condition}"${
      each.condition === subject.condition && html` aria-current="true"`
    }>${each.name}<small> ${each.note}</small></a></li>`;
  return html`<nav class="picker line" aria-label="Class at work"><ul>${choices.map(draw)}</ul>${
    wrong.length > 0 &&
    !step &&
    html`<details id="wrong-fixes" class="small"><summary>Wrong fixes</summary><ul>${wrong.map(draw)}</ul></details>`
  }</nav>`;
}

function usualChoices({ lab, view: { lesson } }: PageModel): Choice[] {
  const { lessons } = lab;
  const before = lessonBefore(lessons, lesson);
  const played = lessonToPlay(lesson, lessons);
  const article = lesson.kind === 'port' && lesson.wrong.find((wrong) => wrong.article);
  const choices: Choice[] = [];
  const add = (condition: string, note: string, name = condition) =>
    choices.push({ condition, name, note });
  if (before) add(before.condition, 'before it');
  if (article) add(article.condition, 'its own lines', 'the article’s');
  if (played !== lesson) add(played.condition, 'the article’s, ported');
  add(lesson.condition, played === lesson ? 'the solution' : 'before the port');
  add('mine', lab.hasMine ? 'your own' : 'not begun');
  return choices;
}
