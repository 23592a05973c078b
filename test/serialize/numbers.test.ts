import assert from 'node:assert/strict';
import { test } from 'node:test';
import { floatText } from '../../src/serialize/numbers.ts';
import { openWasmPhp } from '../../src/workshop/oracle/wasm.ts';

/** Floats at the limits of both notations, and halves between two of 14 digits. */
const LIMITS = [
  0,
  -0,
  1,
  -1,
  0.5,
  100,
  1e14,
  1e15,
  1e16,
  1e17,
  1e21,
  1e22,
  1e100,
  0.1,
  0.3,
  0.1 + 0.2,
  1 / 3,
  0.0001,
  0.00001,
  0.00012345,
  1.5e-7,
  5e-324,
  1.7976931348623157e308,
  99999999999999,
  999999999999999,
  123456789012345,
  123456789012355,
  0.000123456789012345,
  -123456789012345,
  12345678901234.5,
  12345678901235.5,
  9999999999999.95,
  99999999999999.5,
  2 ** 53,
  2 ** 63,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
];

test('prints floats as PHP does, with 14 digits and with the fewest', async () => {
  const scaled = Array.from(
    { length: 2000 },
    (_, at) => (at * 7919 + 0.37) * 10 ** ((at % 50) - 25),
  );
  const floats = [...LIMITS, ...scaled];
  const bytes = Buffer.from(Float64Array.from(floats).buffer).toString('base64');
  const php = await openWasmPhp();
  const output = await php.run(`<?php
    foreach (unpack('e*', base64_decode('${bytes}')) as $float) {
      echo (string) $float, ' ', substr(serialize($float), 2, -1), "\\n";
    }`);
  php.close();
  const ours = floats.map((value) => `${floatText(value, 14)} ${floatText(value)}`);
  assert.deepEqual(output.toString().trim().split('\n'), ours);
});
