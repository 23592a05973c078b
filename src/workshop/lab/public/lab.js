/**
 * Makes a page live; it works without this file as well. Buttons act in place, and server-sent
 * events bring what has changed: each event has the new inside of one element.
 */

const announcer = document.getElementById('announcer');
/** The number of announced sentences that stay in the page. */
const SAID = 10;
/** Milliseconds until a refused page asks for its events again. */
const AGAIN = 2_000;
/** A telephone: the statements of the last request would push everything else out of sight. */
const isNarrow = matchMedia('(max-width: 44rem)');

/**
 * Puts new markup into a live element and keeps the reader's state: focus, half-typed text, the
 * chosen radio buttons, scroll positions, and the details that the reader opened or closed.
 *
 * @param {string} id
 * @param {string} markup
 */
function patch(id, markup) {
  const element = document.getElementById(id);
  if (!element) return;
  const focused = element.contains(document.activeElement) ? document.activeElement : null;
  const typed =
    focused instanceof HTMLInputElement && focused.value !== focused.defaultValue
      ? { value: focused.value, start: focused.selectionStart, end: focused.selectionEnd }
      : undefined;
  const details = new Map(
    [...element.querySelectorAll('details[id]')].map((each) => [each.id, each]),
  );
  const scrolled = [...element.querySelectorAll('.scroll')].map((each) => each.scrollTop);
  const chosen = [...element.querySelectorAll('input[type=radio]:checked')].map(({ id }) => id);
  element.innerHTML = markup;
  for (const id of chosen) {
    const again = document.getElementById(id);
    if (again instanceof HTMLInputElement) again.checked = true;
  }
  for (const each of element.querySelectorAll('details[id]')) {
    const before = details.get(each.id);
    if (before?.dataset.touched) {
      each.open = before.open;
      each.dataset.touched = 'yes';
    } else if (isNarrow.matches && each.matches('.request')) {
      each.open = false;
    }
  }
  element.querySelectorAll('.scroll').forEach((each, index) => {
    each.scrollTop = scrolled[index] ?? 0;
  });
  restoreFocus(element, focused, typed);
  if (id === 'strip') centre();
  tick();
}

/**
 * Markup that arrived while a pointer or the space bar was down, by id. A click is a press and a
 * release on one element; if the element were replaced in between, the browser would drop the click.
 *
 * @type {Map<string, string>}
 */
const waiting = new Map();
let isPressed = false;

function show(/** @type {string} */ id, /** @type {string} */ markup) {
  if (isPressed) waiting.set(id, markup);
  else patch(id, markup);
}

/** The click follows the release in the same task, so the element is replaced after that task. */
function release() {
  setTimeout(() => {
    isPressed = false;
    for (const [id, markup] of waiting) patch(id, markup);
    waiting.clear();
  });
}

function press() {
  isPressed = true;
}

document.addEventListener('pointerdown', press, true);
document.addEventListener('keydown', ({ key }) => key === ' ' && press(), true);
document.addEventListener('keyup', release, true);
document.addEventListener('pointerup', release, true);
document.addEventListener('pointercancel', release, true);
addEventListener('blur', release);

/**
 * @param {Element} element
 * @param {Element | null} focused
 * @param {{ value: string, start: number | null, end: number | null } | undefined} typed
 */
function restoreFocus(element, focused, typed) {
  if (!focused) return;
  const owner = focused.closest('[id]');
  const again =
    owner && element.contains(document.getElementById(owner.id))
      ? document.getElementById(owner.id)
      : null;
  const target = again && owner !== focused ? again.querySelector(focused.localName) : again;
  if (!(target instanceof HTMLElement)) {
    // The button is gone: without a focus a screen reader would begin again at the page's top.
    element.tabIndex = -1;
    element.focus({ preventScroll: true });
    return;
  }
  if (typed && target instanceof HTMLInputElement) {
    target.value = typed.value;
    target.setSelectionRange(typed.start, typed.end);
  }
  target.focus({ preventScroll: true });
}

/**
 * Has a screen reader say a sentence when it has finished the current one. A sentence is added and
 * replaces none: two of them can come before a screen reader has noticed the first.
 *
 * @param {string} sentence
 * @param {number} at - When the lab made it. The outcome of a press may arrive before its answer.
 */
export function say(sentence, at = Number(announcer?.lastElementChild?.dataset.at ?? 0)) {
  if (!announcer) return;
  const line = document.createElement('p');
  line.textContent = sentence;
  line.dataset.at = String(at);
  const earlier = [...announcer.children].filter(({ dataset }) => Number(dataset.at) <= at);
  if (earlier.length > 0) earlier.at(-1)?.after(line);
  else announcer.prepend(line);
  if (announcer.childElementCount > SAID) announcer.firstElementChild?.remove();
}

/** Shows a sentence as well: a button was refused, or the lab does not answer. */
function complain(/** @type {string} */ sentence) {
  say(sentence);
  announcer?.classList.replace('unseen', 'refusal');
  announcer?.lastElementChild?.classList.add('refused');
}

/** Hides the sentence of a refused button; screen readers keep it. */
function forgive() {
  announcer?.classList.replace('refusal', 'unseen');
  announcer?.querySelector('.refused')?.classList.remove('refused');
}

// The sentence can cover a button that is needed next.
addEventListener('pointerdown', forgive);
addEventListener('keydown', ({ key }) => key === 'Escape' && forgive());

/** Writes a text only where it differs, so that nothing is drawn twice. */
function write(/** @type {Element | null} */ element, /** @type {string} */ text) {
  if (element && element.textContent !== text) element.textContent = text;
}

/** Counts the ages of sessions, which change without any event. */
function tick() {
  const now = Math.floor(Date.now() / 1000);
  for (const cell of document.querySelectorAll('[data-updated]')) {
    const age = Math.max(0, now - Number(cell.dataset.updated));
    const lifetime = Number(cell.dataset.lifetime);
    write(cell.querySelector('.seconds'), `${age} s`);
    write(cell.querySelector('small'), age > lifetime ? 'due for gc' : `of ${lifetime} s`);
    const meter = cell.querySelector('meter');
    if (meter) meter.value = Math.min(age, lifetime);
  }
}

document.addEventListener('submit', async (event) => {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || !form.matches('[data-action]')) return;
  event.preventDefault();
  const button = event.submitter;
  if (button?.getAttribute('aria-disabled') === 'true') return;
  button?.setAttribute('aria-disabled', 'true');
  forgive();
  const body = new URLSearchParams();
  for (const [name, value] of new FormData(form, button)) body.append(name, String(value));
  // The typed text has been sent: from now on the server's value is shown again.
  for (const field of form.querySelectorAll('input.bytes')) field.defaultValue = field.value;
  try {
    const answer = await fetch(form.action, {
      method: 'POST',
      body,
      headers: { Accept: 'application/json' },
    });
    if (answer.status === 403) location.reload();
    else {
      const { said, at } = await answer.json();
      if (answer.ok) say(said, at);
      else complain(said);
    }
  } catch {
    complain('The lab does not answer. Is npm start still running?');
  } finally {
    button?.removeAttribute('aria-disabled');
  }
});

document.addEventListener(
  'click',
  (event) => {
    const summary = event.target instanceof Element ? event.target.closest('summary') : null;
    if (!summary?.parentElement) return;
    summary.parentElement.dataset.touched = 'yes';
    if (summary.parentElement.matches('.ladder details')) countHint(summary.parentElement.id);
  },
  true,
);

/** Reports a hint that is opened: `hint-0` is the first. */
function countHint(/** @type {string} */ id) {
  const form = document.querySelector('form[data-action]');
  if (!(form instanceof HTMLFormElement)) return;
  const body = new URLSearchParams({ hint: String(Number(id.slice('hint-'.length)) + 1) });
  for (const name of ['token', 'lesson']) body.set(name, form.elements[name]?.value ?? '');
  fetch('/hint', { method: 'POST', body, headers: { Accept: 'application/json' } }).catch(() => {});
}

/** @type {EventSource | undefined} */
let live;
/**
 * Ends the events while the page is hidden, and asks for them again. A browser opens six connections
 * to the lab for all of its tabs: in the seventh nothing would load, and no button would act.
 */
let onView = () => {};
document.addEventListener('visibilitychange', () => onView());
/** True after it was said that the events do not come. */
let isLost = false;

/**
 * Receives the events of an address, and no longer those of an earlier one.
 *
 * @param {string} address
 */
export function listen(address) {
  live?.close();
  const source = new EventSource(address);
  live = source;
  onView = () => {
    if (document.visibilityState === 'hidden') source.close();
    else if (source.readyState === EventSource.CLOSED) listen(address);
  };
  onView();
  source.addEventListener('part', (event) => {
    const { id, markup } = JSON.parse(event.data);
    show(id, markup);
  });
  source.addEventListener('token', (event) => {
    for (const field of document.querySelectorAll('input[name=token]')) field.value = event.data;
    if (!isLost) return;
    isLost = false;
    forgive();
    say('The lab answers again.');
  });
  // A method was added to the class or removed: the page needs other buttons.
  source.addEventListener('reload', () => location.reload());
  source.addEventListener('say', ({ data, lastEventId }) => say(data, Number(lastEventId)));
  source.addEventListener('error', () => {
    const status = document.getElementById('status');
    if (!status || source.readyState === EventSource.OPEN) return;
    const isRefused = source.readyState === EventSource.CLOSED;
    const sentence = isRefused
      ? 'The lab cannot show this page now. Load it again to read the reason; it tries by itself every few seconds.'
      : 'The lab does not answer. If it has ended, npm start starts it again.';
    // A browser connects again by itself, but not after an answer that is an error.
    if (isRefused) setTimeout(() => live === source && onView(), AGAIN);
    // Every further attempt that fails comes here; it is said once.
    if (status.textContent !== sentence) say(sentence);
    isLost = true;
    status.textContent = sentence;
  });
}

/** Brings the lesson that is read into the strip's middle. */
function centre() {
  const strip = document.querySelector('.lessons ol');
  const here = strip?.querySelector('[aria-current]');
  if (!(strip instanceof HTMLElement) || !(here instanceof HTMLElement)) return;
  strip.scrollLeft = here.offsetLeft - (strip.clientWidth - here.offsetWidth) / 2;
}

centre();
listen(document.body.dataset.live ?? '/live');
setInterval(tick, 1000);
