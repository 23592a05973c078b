import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readRegion, regionNames, withoutRegions } from '../../../src/workshop/site/regions.ts';

const source = `import x from 'x';

class A {
  // #region outer
  a() {
    // #region inner
    return 1;
    // #endregion inner
  }
  // #endregion outer

  // #region last
  b() {}
  // #endregion last
}
`;

test('a region is moved to the margin and shows no region comments', () => {
  assert.equal(readRegion(source, 'outer'), 'a() {\n  return 1;\n}');
  assert.equal(readRegion(source, 'inner'), 'return 1;');
});

test('a whole file shows no region comments and no gaps where they were', () => {
  assert.equal(
    withoutRegions(source),
    "import x from 'x';\n\nclass A {\n  a() {\n    return 1;\n  }\n\n  b() {}\n}",
  );
});

test('blank lines on both sides of a region comment leave one', () => {
  assert.equal(withoutRegions('a\n\n// #region x\n\nb\n// #endregion x\n'), 'a\n\nb');
});

test('regions are marked in the comments of each language', () => {
  assert.equal(readRegion('// #region x\nhere\n// #endregion x', 'x'), 'here');
  assert.equal(readRegion('-- #region x\nhere\n-- #endregion x', 'x'), 'here');
  assert.equal(readRegion('# #region x\nhere\n# #endregion x', 'x'), 'here');
  assert.equal(readRegion('/* #region x */\nhere\n/* #endregion x */', 'x'), 'here');
});

test('a comment that only speaks of regions is left alone', () => {
  assert.equal(withoutRegions('// every #region has an end\n'), '// every #region has an end');
});

test('an unknown region is undefined, and the names list those that exist', () => {
  assert.equal(readRegion(source, 'nope'), undefined);
  assert.deepEqual(regionNames(source), ['outer', 'inner', 'last']);
});

test('a region without its end is refused by name', () => {
  assert.throws(() => readRegion('// #region x\nhere\n', 'x'), /region "x" has no "#endregion x"/);
  assert.throws(() => readRegion('// #region x\nhere\n// #endregion\n', 'x'), /#endregion x/);
});

test('a name given to two regions is refused', () => {
  const twice = '// #region x\na\n// #endregion x\n// #region x\nb\n// #endregion x\n';
  assert.throws(() => readRegion(twice, 'x'), /region "x" begins 2 times/);
});

test('line ends of either kind are read alike', () => {
  assert.equal(readRegion('// #region x\r\na\r\nb\r\n// #endregion x\r\n', 'x'), 'a\nb');
});
