/** Packets come in whatever pieces the network makes of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PacketReader } from '../../../src/workshop/wire/packets.ts';

function frame(payload: Uint8Array, sequence: number): Buffer {
  const header = Buffer.alloc(4);
  header.writeUIntLE(payload.length, 0, 3);
  header[3] = sequence;
  return Buffer.concat([header, payload]);
}

test('packets come out whole, however the bytes are cut', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 12 }),
      fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 60 }),
      (payloads, cuts) => {
        const stream = Buffer.concat(payloads.map((payload, at) => frame(payload, at)));
        const reader = new PacketReader();
        const seen: Uint8Array[] = [];
        let raw = Buffer.alloc(0);
        for (let at = 0, cut = 0; at < stream.length; cut++) {
          const next = at + (cuts[cut] ?? 7);
          for (const packet of reader.push(stream.subarray(at, next))) {
            seen.push(new Uint8Array(packet.payload));
            raw = Buffer.concat([raw, packet.raw]);
          }
          at = next;
        }
        assert.deepEqual(seen, payloads);
        assert.deepEqual(raw, stream);
        assert.equal(reader.take().length, 0);
      },
    ),
  );
});

test('a payload of several frames is one packet', () => {
  const first = Buffer.alloc(0xffffff, 'a');
  const reader = new PacketReader();
  assert.deepEqual(reader.push(frame(first, 0)), []);
  const [packet, ...others] = reader.push(
    Buffer.concat([frame(Buffer.from('end'), 1), frame(Buffer.from('next'), 0)]),
  );
  assert.equal(packet?.payload.length, 0xffffff + 3);
  assert.equal(packet?.payload.subarray(-3).toString(), 'end');
  assert.deepEqual(
    others.map(({ payload }) => payload.toString()),
    ['next'],
  );
});
