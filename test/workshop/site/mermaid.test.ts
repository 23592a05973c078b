import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drawMermaid } from '../../../src/workshop/site/mermaid.ts';

const block = (code: string) =>
  `<p>a</p><pre><code class="mermaid">${code}</code><button type="button">Copy</button></pre>`;

test('a mermaid block becomes a drawing in the colours of the page', () => {
  const html = drawMermaid(block('flowchart LR\n  A[One] --&gt; B[&quot;Two&quot;]'), 'a.html');
  assert.match(html, /^<p>a<\/p><figure class="drawing"><svg role="img"/);
  assert.match(html, /One/);
  assert.match(html, /var\(--color-text\)/);
  assert.doesNotMatch(html, /<pre>|<button/);
});

test('a drawing asks for no font from elsewhere', () => {
  assert.doesNotMatch(drawMermaid(block('flowchart LR\n  A --&gt; B'), 'a.html'), /@import|https:/);
});

test('two drawings on one page share no id', () => {
  const html = drawMermaid(block('flowchart LR\n  A --&gt; B').repeat(2), 'a.html');
  const ids = [...html.matchAll(/\sid="([^"]+)"/g)].map((match) => match[1]);
  assert.ok(ids.length > 1);
  assert.equal(new Set(ids).size, ids.length);
});

test('a block of another language stays code', () => {
  const html = '<pre><code class="ts">flowchart LR</code></pre>';
  assert.equal(drawMermaid(html, 'a.html'), html);
});

test('a diagram that cannot be drawn is named with its page', () => {
  assert.throws(() => drawMermaid(block('nonsense here'), 'documents/a.html'), {
    message: 'documents/a.html: cannot draw the diagram "nonsense here"',
  });
});
