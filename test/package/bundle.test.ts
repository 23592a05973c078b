/** The size of the store in a bundle. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** Bytes; docs/decisions.md says where they are. */
const MOST = { store: 89_000, serialize: 52_000 };

/** Builds the bundle of an entry, and returns the bytes of each file in it. */
async function bundle(entry: string): Promise<Map<string, number>> {
  const { metafile } = await build({
    entryPoints: [fileURLToPath(new URL(`../../src/${entry}`, import.meta.url))],
    ...{ bundle: true, minify: true, platform: 'node', format: 'esm' },
    ...{ external: ['mysql2', 'mysql2/*', 'iron-session'], write: false, metafile: true },
  });
  const inputs = Object.values(metafile.outputs).flatMap((output) => Object.entries(output.inputs));
  return new Map(inputs.map(([file, { bytesInOutput }]) => [file, bytesInOutput]));
}

test('a bundle of the store is no larger than the decision about it says', async () => {
  const sizes = { store: 0, serialize: 0 };
  for (const [file, bytes] of await bundle('store/index.ts')) {
    const room = /src\/(store|serialize)\//.exec(file)?.[1];
    assert.ok(room, `${file} is of no room of the store`);
    sizes[room as keyof typeof sizes] += bytes;
  }
  for (const room of ['store', 'serialize'] as const) {
    assert.ok(sizes[room] > 20_000 && sizes[room] <= MOST[room], `${room}: ${sizes[room]} bytes`);
  }
});

test("a bundle of the store's adapter has none of PHP's functions", async () => {
  const files = await bundle('adapters/store/node.ts');
  const php = [...files].filter(([file, bytes]) => bytes > 0 && /src\/php\/functions/.test(file));
  assert.deepEqual(php, []);
  const size = [...files.values()].reduce((sum, bytes) => sum + bytes, 0);
  assert.ok(size > 5000 && size < 18_000, `${size} bytes`);
});
