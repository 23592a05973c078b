/** The size of the store in a bundle. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** Bytes; docs/decisions.md says where they are. */
const MOST = { store: 89_000, serialize: 52_000 };

test('a bundle of the store is no larger than the decision about it says', async () => {
  const { metafile } = await build({
    entryPoints: [fileURLToPath(new URL('../../src/store/index.ts', import.meta.url))],
    ...{ bundle: true, minify: true, platform: 'node', format: 'esm' },
    ...{ external: ['mysql2', 'mysql2/*', 'iron-session'], write: false, metafile: true },
  });
  const sizes = { store: 0, serialize: 0 };
  for (const { inputs } of Object.values(metafile.outputs)) {
    for (const [file, { bytesInOutput }] of Object.entries(inputs)) {
      const room = /src\/(store|serialize)\//.exec(file)?.[1];
      assert.ok(room, `${file} is of no room of the store`);
      sizes[room as keyof typeof sizes] += bytesInOutput;
    }
  }
  for (const room of ['store', 'serialize'] as const) {
    assert.ok(sizes[room] > 20_000 && sizes[room] <= MOST[room], `${room}: ${sizes[room]} bytes`);
  }
});
