import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drawDiagram } from '../../../src/workshop/drawing/diagram.ts';
import { drawBetween } from '../../../src/workshop/site/pictures/between.ts';
import { drawSequence } from '../../../src/workshop/site/pictures/sequence.ts';

const lanes = ['Ann', 'MySQL'];
const colours = { background: '#fff', ink: '#000', aside: '#333', line: '#333', accent: '#00f' };

test('every arrow of a sequence is drawn, and described in the text alternative', () => {
  const { text } = drawSequence({
    title: 'One save',
    lanes,
    arrows: [
      { from: 'Ann', to: 'MySQL', says: 'INSERT; #1' },
      { from: 'MySQL', to: 'Ann', says: '1 row', isAnswer: true },
    ],
  });
  const code = text.replace(/^```mermaid\n|\n```$/g, '');
  const svg = drawDiagram(code, colours, 'one');
  assert.equal(svg.match(/<g class="message"/g)?.length, 2);
  assert.match(svg, /<title id="one-title">One save<\/title>/);
  assert.match(svg, /<desc id="one-desc">Ann to MySQL: INSERT, ,1\. MySQL to Ann: 1 row\.<\/desc>/);
  assert.doesNotMatch(code.replace(/^%%.*/, ''), /[;#]/, 'Mermaid would end the statement there');
});

test('a label that would run into the next lane is refused', () => {
  const says = 'SELECT d FROM sessions';
  assert.throws(
    () => drawSequence({ title: 'a', lanes, arrows: [{ from: 'Ann', to: 'MySQL', says }] }),
    { name: 'RangeError', message: `"${says}" has more than 18 characters` },
  );
});

test('an arrow to a lane that is not drawn is refused', () => {
  assert.throws(
    () => drawSequence({ title: 'a', lanes, arrows: [{ from: 'Ann', to: 'Bob', says: 'hi' }] }),
    { name: 'RangeError', message: '"Bob" is not one of the lanes Ann, MySQL' },
  );
});

test("Ann's id of uniqid() lies between Mallory's two, and those between are counted", () => {
  const { text } = drawBetween();
  const ids = [...text.matchAll(/-->>L\d: ([0-9a-f]{13})$/gm)].map(([, id = '']) => {
    return Number.parseInt(id.slice(0, 8), 16) * 1_000_000 + Number.parseInt(id.slice(8), 16);
  });
  const [before = 0, ann = 0, after = 0] = ids;
  assert.equal(ids.length, 3);
  assert.ok(before < ann && ann < after, ids.join(' '));
  assert.match(text, new RegExp(`tries ${(after - before - 1).toLocaleString('en')} ids`));
});
