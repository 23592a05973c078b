/**
 * Opens a cell's transcript in place, and moves from cell to cell by the arrow keys. The page works
 * without this file as well.
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

document.addEventListener('click', (event) => {
  const link = event.target instanceof Element ? event.target.closest('a[data-cell]') : null;
  if (!(link instanceof HTMLAnchorElement) || event.ctrlKey || event.metaKey || event.shiftKey)
    return;
  event.preventDefault();
  const cell = link.dataset.cell ?? '';
  history.pushState(null, '', link.href);
  open(cell);
  if (cell === '') document.getElementById(cameFrom ?? 'run-all')?.focus();
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
  open(new URLSearchParams(location.search).get('cell') ?? '');
});

// The transcript makes the table smaller: its cell stays in sight.
const box = document.querySelector('.box');
if (box) {
  new ResizeObserver(() => {
    box.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }).observe(box);
}

const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

document.addEventListener('keydown', (event) => {
  const step = STEPS[/** @type {keyof typeof STEPS} */ (event.key)];
  const cell = event.target instanceof Element ? event.target.closest('.cells td') : null;
  const table = cell?.closest('tbody');
  if (!step || !cell || !table || event.ctrlKey || event.metaKey || event.altKey) return;
  const rows = [...table.rows];
  const row = rows[rows.indexOf(/** @type {HTMLTableRowElement} */ (cell.parentElement)) + step[0]];
  const next = row?.cells[/** @type {HTMLTableCellElement} */ (cell).cellIndex + step[1]];
  const target = next?.matches('td') ? next.querySelector('a, button') : null;
  if (!(target instanceof HTMLElement)) return;
  event.preventDefault();
  target.focus();
});
