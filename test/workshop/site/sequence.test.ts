import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drawDiagram } from '../../../src/workshop/drawing/diagram.ts';
import { drawSequence } from '../../../src/workshop/site/pictures/sequence.ts';

const lanes = ['Ann', 'MySQL'];
const colours = { background: '#fff', ink: '#000', aside: '#333', line: '#333', accent: '#00f' };

test('every arrow of a sequence is drawn and told in the text alternative', () => {
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
