/**
 * Gives the default save path, the system's temporary folder, a folder of this test file, which ends
 * with it: PHP leaves the files of sessions there until a sweep.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';

const folder = mkdtempSync(join(tmpdir(), 'phpsessid-sessions-'));
process.env['TMPDIR'] = folder;
after(() => rmSync(folder, { recursive: true, force: true }));
