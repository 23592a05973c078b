/**
 * The instructor's keys and timer. Each step is a page of its own, so the links lead from one to the
 * next without this file as well; the tab's session storage keeps the timer between pages.
 */
import { say } from './lab.js';

const byId = (/** @type {string} */ id) => document.getElementById(id);
const [timer, clock, minutes, startButton] = ['timer', 'clock', 'minutes', 'timer-start'].map(byId);
const [answersButton, keysButton, keysOn, keys] = ['answers', 'keys-button', 'keys-on', 'keys'].map(
  byId,
);

/** Stores a value for the tab; without storage the timer is lost at the next step. */
function remember(/** @type {string} */ name, /** @type {unknown} */ value) {
  try {
    sessionStorage.setItem(name, JSON.stringify(value));
  } catch {
    return;
  }
}

function recall(/** @type {string} */ name) {
  try {
    return JSON.parse(sessionStorage.getItem(name) ?? 'null');
  } catch {
    return null;
  }
}

/* The timer: `spent` milliseconds, and the time at which it was started last. */

/** @type {{ minutes: number, spent: number, since: number | null }} */
const state = { minutes: 10, spent: 0, since: null, ...recall('timer') };
/** The seconds left at the last look. */
let before = left();

function left() {
  const running = state.since === null ? 0 : Date.now() - state.since;
  return Math.ceil(state.minutes * 60 - (state.spent + running) / 1000);
}

function written(/** @type {number} */ seconds) {
  const whole = Math.abs(seconds);
  const text = `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
  return seconds < 0 ? `${text} over` : text;
}

function showTimer() {
  const now = left();
  if (clock && clock.textContent !== written(now)) clock.textContent = written(now);
  timer?.classList.toggle('over', now <= 0);
  if (startButton) startButton.textContent = state.since === null ? 'Start' : 'Stop';
  if (minutes instanceof HTMLInputElement && document.activeElement !== minutes)
    minutes.value = String(state.minutes);
  if (state.since !== null) {
    for (const mark of [300, 60]) {
      if (before > mark && now <= mark)
        say(mark === 60 ? 'One minute left.' : `${mark / 60} minutes left.`);
    }
    if (before > 0 && now <= 0) say('The time is up.');
  }
  before = now;
}

function change(/** @type {Partial<typeof state>} */ news) {
  Object.assign(state, news);
  before = left();
  remember('timer', state);
  showTimer();
}

function startOrStop() {
  if (state.since === null) {
    change({ since: Date.now() });
    say(`The timer runs: ${written(left())}.`);
  } else {
    change({ spent: state.spent + Date.now() - state.since, since: null });
    say(`The timer is stopped at ${written(left())}.`);
  }
}

function reset() {
  change({ spent: 0, since: null });
  say(`The timer is reset to ${written(left())}.`);
}

/* The answers of a step. */

const answers = () =>
  /** @type {HTMLDetailsElement[]} */ ([
    ...document.querySelectorAll('.prose > details, .ladder details, #code > details'),
  ]);

function showAnswers() {
  const all = answers();
  if (all.length === 0) return say('This step has no hidden answers.');
  const open = !all.every((each) => each.open);
  for (const each of all) each.open = open;
  say(open ? 'The answers are shown.' : 'The answers are hidden.');
}

document.addEventListener(
  'toggle',
  () => {
    const all = answers();
    const shown = all.length > 0 && all.every((each) => each.open);
    answersButton?.setAttribute('aria-pressed', String(shown));
  },
  true,
);

/* The keys. */

function showKeys() {
  if (keys instanceof HTMLDialogElement && !keys.open) keys.showModal();
}

function follow(/** @type {string} */ selector) {
  const link = document.querySelector(selector);
  if (link instanceof HTMLAnchorElement) link.click();
  else say(selector.includes('next') ? 'This is the last step.' : 'This is the first step.');
}

/** The action of a key; undefined leaves it to the browser. */
function actionOf(/** @type {KeyboardEvent} */ event) {
  const { key, shiftKey } = event;
  const focused = document.activeElement;
  if (key === ' ') {
    // Space presses the focused element.
    if (focused?.matches('a, button, summary, [role=region]')) return undefined;
    return () => follow(shiftKey ? '.turn[rel=prev]' : '.turn[rel=next]');
  }
  if (key === 'ArrowRight' || key === 'ArrowLeft') {
    // The arrows scroll a focused listing that is wider than its box.
    if (focused && focused.scrollWidth > focused.clientWidth && focused.matches('[tabindex="0"]'))
      return undefined;
    return () => follow(key === 'ArrowRight' ? '.turn[rel=next]' : '.turn[rel=prev]');
  }
  if (/^[1-7]$/.test(key)) return () => follow(`.steps li:nth-child(${key}) a`);
  return {
    PageDown: () => follow('.turn[rel=next]'),
    PageUp: () => follow('.turn[rel=prev]'),
    a: showAnswers,
    t: startOrStop,
    z: reset,
    r: () => byId('reset')?.click(),
    '?': showKeys,
  }[key.length === 1 ? key.toLowerCase() : key];
}

document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented) return;
  const { target } = event;
  const typing = target instanceof Element && target.matches('input, select, textarea');
  if (typing || (keys instanceof HTMLDialogElement && keys.open)) return;
  if (keysOn instanceof HTMLInputElement && !keysOn.checked && event.key !== '?') return;
  const act = actionOf(event);
  if (!act) return;
  event.preventDefault();
  // A held key turns one page, not ten.
  if (!event.repeat) act();
});

if (keysOn instanceof HTMLInputElement) {
  keysOn.checked = recall('keys') !== false;
  keysOn.addEventListener('change', () => remember('keys', keysOn.checked));
}
if (minutes instanceof HTMLInputElement) {
  minutes.addEventListener('change', () => {
    const wanted = Math.min(180, Math.max(1, Math.round(Number(minutes.value)) || 10));
    minutes.value = String(wanted);
    change({ minutes: wanted });
  });
}
startButton?.addEventListener('click', startOrStop);
byId('timer-zero')?.addEventListener('click', reset);
answersButton?.addEventListener('click', showAnswers);
keysButton?.addEventListener('click', showKeys);
for (const each of [timer, answersButton, keysButton]) each?.removeAttribute('hidden');
showTimer();
setInterval(showTimer, 250);
