/** The state that the parts of one store share. */
import type { Cache } from './cache/rows.ts';
import type { Reads } from './database/reads.ts';
import type { Writes } from './database/writes.ts';
import type { Events } from './events.ts';
import type { ExtraColumns } from './extra.ts';
import type { HoldContext } from './hold/hold.ts';
import type { Queues } from './hold/queue.ts';
import type { KeyedHash } from './identifiers.ts';
import type { Decide } from './payload/merge.ts';
import type { Format } from './payload/payload.ts';
import type { Sealing } from './payload/seal.ts';
import type { SharedSaves } from './shared-saves.ts';
import type { Life, Table } from './table/table.ts';

/** The store after its start: options, with times in milliseconds, and the probe's result. */
export interface Context extends HoldContext {
  readonly table: Table;
  readonly hash: KeyedHash;
  readonly queues: Queues;
  readonly events: Events;
  readonly life: Life;
  /** Milliseconds for one call, its repetitions included. */
  readonly budget: number;
  /** The share of the idle time after which a use is written down. */
  readonly touchAfter: number;
  readonly format: Format;
  readonly decide: Decide;
  /** Between a session's data and what its row holds. */
  readonly sealing: Sealing;
  /** The application's own columns. */
  readonly extra: ExtraColumns;
  readonly maxPerUser: number;
  /** Reads rows on any connection. */
  readonly reads: Reads;
  /** Saves sessions, those of one session together. */
  readonly saves: SharedSaves;
  /** Saves rows on any connection. */
  readonly writes: Writes;
  /** The cache in front of the table, if there is one. */
  readonly cache: Cache;
}
