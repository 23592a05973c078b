/**
 * Opens a cell's transcript in place, and makes the table one stop of the Tab key, in which the arrow
 * keys move. The page works without this file as well: each link and button has its own stop then.
 */
import { listen } from './lab.js';

const opened = document.getElementById('opened');
/** @type {string | undefined} */
let cameFrom;
/** True after a cell was opened, until its transcript has arrived. */
let awaited = false;

/**
 * Shows the transcript of a cell, `''` for none; an event brings it.
 *
 * @param {string} cell
 */
function open(cell) {
  listen(`/gauntlet/live${cell === '' ? '' : `?cell=${encodeURIComponent(cell)}`}`);
}

/** Returns the focus to the cell whose transcript is closed. */
function leave() {
  document.getElementById(cameFrom ?? 'run-all')?.focus();
}

document.addEventListener('click', (event) => {
  const link = event.target instanceof Element ? event.target.closest('a[data-cell]') : null;
  if (!(link instanceof HTMLAnchorElement) || event.ctrlKey || event.metaKey || event.shiftKey)
    return;
  event.preventDefault();
  const cell = link.dataset.cell ?? '';
  history.pushState(null, '', link.href);
  open(cell);
  if (cell === '') leave();
  else {
    cameFrom = link.id;
    awaited = true;
  }
});

// An empty element cannot have the focus: the transcript arrives a moment later.
if (opened) {
  new MutationObserver(() => {
    if (!awaited || opened.childElementCount === 0) return;
    awaited = false;
    opened.focus();
  }).observe(opened, { childList: true });
}

window.addEventListener('popstate', () => {
  const cell = new URLSearchParams(location.search).get('cell') ?? '';
  open(cell);
  // The transcript that has the focus is about to be empty.
  if (cell === '' && opened?.contains(document.activeElement)) leave();
});

// The transcript makes the table smaller: its cell stays in sight.
const box = document.querySelector('.box');
if (box) {
  new ResizeObserver(() => {
    box.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }).observe(box);
}

const table = /** @type {HTMLTableElement | null} */ (document.querySelector('.cells'));
const ITEMS = 'a, button';
const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
/** The id of the one item that the Tab key reaches. */
let stop = '';

/**
 * Leaves one stop in the table: an event may have drawn a row anew.
 *
 * @param {Element} part - The table, or a row of it.
 */
function keepOneStop(part) {
  for (const item of itemsOf(part)) item.tabIndex = item.id === stop ? 0 : -1;
  const first = itemsOf(table)[0];
  if (!first || document.getElementById(stop)) return;
  stop = first.id;
  first.tabIndex = 0;
}

/**
 * @param {Element | null | undefined} part
 * @returns {HTMLElement[]}
 */
function itemsOf(part) {
  return part
    ? [...part.querySelectorAll(ITEMS)].filter((item) => item instanceof HTMLElement)
    : [];
}

if (table) {
  keepOneStop(table);
  new MutationObserver((changes) => {
    for (const row of new Set(changes.map(({ target }) => target))) {
      if (row instanceof Element) keepOneStop(row);
    }
  }).observe(table, { childList: true, subtree: true });
  table.addEventListener('focusin', ({ target }) => {
    const item = target instanceof Element ? target.closest(ITEMS) : null;
    if (!(item instanceof HTMLElement) || item.id === stop) return;
    const before = document.getElementById(stop);
    if (before) before.tabIndex = -1;
    stop = item.id;
    item.tabIndex = 0;
  });
}

/**
 * Finds the item to which a key moves.
 *
 * @param {Element} item
 * @param {KeyboardEvent} event
 * @returns {HTMLElement | undefined}
 */
function follow(item, { key, ctrlKey }) {
  const cell = item.closest('td, th');
  const row = cell?.closest('tr');
  if (!(cell instanceof HTMLTableCellElement) || !row || !table) return undefined;
  if (key === 'Home' || key === 'End') {
    return itemsOf(ctrlKey ? table : row).at(key === 'Home' ? 0 : -1);
  }
  const step = ctrlKey ? undefined : STEPS[/** @type {keyof typeof STEPS} */ (key)];
  if (!step) return undefined;
  const [down, right] = step;
  const here = itemsOf(cell);
  const at = here.indexOf(/** @type {HTMLElement} */ (item));
  // A class's link and its button are side by side, an attack's one above the other.
  const isAlong = cell.matches('tbody th') ? right !== 0 : cell.matches('thead th') && down !== 0;
  const beside = isAlong ? here[at + down + right] : undefined;
  if (beside) return beside;
  const next = itemsOf(table.rows[row.rowIndex + down]?.cells[cell.cellIndex + right]);
  // Between headers the kind stays the same; otherwise the nearest of a header's two is next.
  const index = here.length === next.length ? at : down + right < 0 ? -1 : 0;
  return next.at(index);
}

table?.addEventListener('keydown', (event) => {
  const item = event.target instanceof Element ? event.target.closest(ITEMS) : null;
  if (!item || event.metaKey || event.altKey || event.shiftKey) return;
  const target = follow(item, event);
  if (!target) return;
  event.preventDefault();
  target.focus();
});
