import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Colours, drawDiagram } from '../../../src/workshop/drawing/diagram.ts';

const colours: Colours = {
  background: 'var(--paper)',
  ink: 'var(--ink)',
  aside: 'var(--aside)',
  line: 'var(--line)',
  accent: 'var(--accent)',
};

const diagram = `%%{init: {"sequence": {"width": 80}}}%%
sequenceDiagram
  accTitle: A question & its answer
  accDescr: Ann to Bob: a < b. Bob to Ann: yes.
  participant L1 as Ann
  participant L2 as Bob
  L1->>L2: a < b
  L2-->>L1: yes`;

test('the title and the description of a diagram are those of its drawing', () => {
  const svg = drawDiagram(diagram, colours, 'one');
  assert.match(svg, /^<svg role="img" aria-labelledby="one-title one-desc" /);
  assert.match(svg, /<title id="one-title">A question &amp; its answer<\/title>/);
  assert.match(svg, /<desc id="one-desc">Ann to Bob: a &lt; b\. Bob to Ann: yes\.<\/desc>/);
  assert.doesNotMatch(svg, /acc(?:Title|Descr)|init/);
});

test("a page's variable named as one of the renderer's does not refer to itself", () => {
  const svg = drawDiagram(diagram, { ...colours, aside: 'var(--muted)' }, 'one');
  assert.match(svg, /--drawing-muted:var\(--muted\)/);
  assert.doesNotMatch(svg, /(--[\w-]+):\s*var\(\1\)/);
});

test('a drawing without a text alternative names no missing element', () => {
  const svg = drawDiagram('flowchart TD\n  A --> B', colours, 'one');
  assert.doesNotMatch(svg, /aria-labelledby|<title|<desc/);
});

test('three lanes fit a phone with text of thirteen pixels', () => {
  const three = `${diagram}\n  participant L3 as Mallory`;
  const svg = drawDiagram(three, colours, 'one');
  const width = Number(/width="([\d.]+)"/.exec(svg)?.[1]);
  assert.ok(width <= 390, `${width} pixels`);
  const sizes = [...svg.matchAll(/font-size="(\d+)"/g)].map((match) => Number(match[1]));
  assert.ok(sizes.length > 0 && Math.min(...sizes) >= 13, `sizes ${sizes.join(', ')}`);
});
