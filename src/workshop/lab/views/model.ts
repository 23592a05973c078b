/** The data of a lesson's page, and the forms that lead back to it. */
import type { View } from '../class-file.ts';
import { type Html, html, type Part } from '../html.ts';
import type { Lab } from '../lab.ts';
import type { RunningClass } from '../running-class.ts';
import type { Step } from '../steps.ts';

export interface PageModel {
  lab: Lab;
  view: View;
  /** Undefined while the class has not been asked for anything. */
  running: RunningClass | undefined;
  /** True where a script counts the ages: the markup then stays the same while time passes. */
  ticking: boolean;
  /** The step of an instructor's page; its forms return to it. */
  step?: Step | undefined;
}

/** Draws a changing part by its element's id. */
export type DrawPart = (id: string) => Html;

/** A form that works with a script and without, and leads back to the page. */
export function actionForm({ lab, view, step }: PageModel, path: string, inside: Part): Html {
  return html`<form method="post" action="${path}" data-action>
    <input type="hidden" name="token" value="${lab.token}">
    <input type="hidden" name="lesson" value="${view.lesson.label}">
    <input type="hidden" name="class" value="${view.subject.condition}">
    ${step && html`<input type="hidden" name="step" value="${step.name}">`}
    ${inside}
  </form>`;
}
