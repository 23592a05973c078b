/** The faults that the store outlives, each with its tests. */
import { in_, type Requirement } from './requirements.ts';

const layerOne = in_('test/store/layer-one.test.ts');
const doubt = in_('test/store/doubt.test.ts');
const strategies = in_('test/store/strategies.test.ts');
const security = in_('test/store/security.test.ts');
const server = in_('test/store/faults/server.test.ts');
const wire = in_('test/store/faults/wire.test.ts');
const cluster = in_('test/store/faults/cluster.test.ts');
const gc = in_('test/store/gc.test.ts');
const cache = in_('test/store/cache/row-cache.test.ts');
const php = in_('test/lessons/php-memcached.test.ts');

/** Faults of servers, networks and clocks. */
export const FAULTS: readonly Requirement[] = [
  {
    id: 'P1',
    text: 'The server is killed (`kill -9`) under load and started again: each acknowledged update is there once, no session is revived',
    proofs: [server('the server is killed under load and comes back')],
  },
  {
    id: 'P2',
    text: 'The server is stopped (SIGSTOP): every call ends in its time, and nothing is lost',
    proofs: [server('the server is stopped and continues')],
  },
  {
    id: 'P3',
    text: 'The answer of a save never comes: the save is known by its mark once it is committed, and the row is changed once',
    proofs: [
      wire('the answer of a save is swallowed'),
      layerOne('a lost answer is recognised:'),
      doubt('a save that READ UNCOMMITTED shows and that is rolled back is not acknowledged'),
      doubt('a renewal that READ UNCOMMITTED shows and that is rolled back is not acknowledged'),
    ],
  },
  {
    id: 'P4',
    text: 'A statement or its answer is cut at any byte, by FIN and by RST, comes byte by byte, or with a byte changed',
    proofs: [
      wire('and the row is changed once'),
      wire('the answer of a read is cut at each of many bytes'),
      wire('come in slices of one byte'),
      wire('one byte of an answer is spoiled'),
      wire('a key is spoiled in an answer'),
      wire('a login at the server that is spoiled on its way'),
      wire('one byte in the head of a statement is spoiled'),
    ],
    note: 'A byte that changes within the data itself is noticed by TLS or a seal only',
  },
  {
    id: 'P5',
    text: 'After a time-out, the next caller of the pool does not get the busy connection',
    proofs: [wire('after a time-out the next caller gets a connection that answers')],
  },
  {
    id: 'P6',
    text: 'No connection goes back to the pool with a transaction or a lock',
    proofs: [
      strategies('the next user of the connection has no transaction'),
      strategies('lock: a connection goes back to the pool without its lock'),
    ],
  },
  {
    id: 'P7',
    text: 'A payload just below `max_allowed_packet` is saved to the byte; one above it is refused before anything is sent',
    proofs: [wire('a packet at the limit of the server')],
  },
  {
    id: 'P8',
    text: 'All connections of the server are taken: the store waits, then throws; never an empty session',
    proofs: [server('a server without a free connection')],
  },
  {
    id: 'P9',
    text: 'A read-only server: saves fail in bounded time, reads go on',
    proofs: [server('a read-only server refuses saves')],
  },
  {
    id: 'P10',
    text: 'Collecting expired sessions deletes none that is used meanwhile',
    proofs: [gc('a session that is used while it is being collected survives')],
  },
  {
    id: 'P11',
    text: "The application's clock is hours wrong: no session ends early, none lives longer",
    proofs: [security("an application's clock that is hours wrong changes nothing")],
  },
  {
    id: 'P12',
    text: 'Three nodes that all take writes, one is killed and comes back: as P1, on each of them',
    proofs: [cluster('a node is killed under load and comes back')],
  },
  {
    id: 'P13',
    text: 'A node is paused and goes on: as P12, and no read is older than an acknowledged write',
    proofs: [
      cluster('a node is paused under load and goes on'),
      cluster('is there on the others at once, and its end, too'),
    ],
  },
  {
    id: 'P14',
    text: 'Locks of one node are refused on a cluster, with the reason',
    proofs: [cluster('locks of one node are refused on three')],
  },
  {
    id: 'P15',
    text: 'After a failover, an old process and a new one write on different nodes',
    proofs: [cluster('a node is killed under load and comes back')],
    note: 'The test has the harder case: processes write on three nodes all the time. It has no haproxy',
  },
  {
    id: 'P16',
    text: 'Reads from an asynchronous replica',
    proofs: [],
    note: 'Not offered: the store reads where it writes',
  },
  {
    id: 'P17',
    text: 'memcached in front: no reader is behind a commit, with dying writers; one that is killed or hangs costs no request',
    proofs: [
      cache('no reader is ever behind a commit'),
      cache('a memcached that was killed costs no request'),
    ],
  },
  {
    id: 'P18',
    text: 'PHP and Node share one memcached',
    proofs: [php('')],
    note: "The lessons' class shares PHP's keys; the store's cache has keys of its own",
  },
  {
    id: 'P19',
    text: 'A server that has no room left and ends: nothing acknowledged is lost',
    proofs: [server('a server that ends because a file cannot grow')],
    note: 'The limit is one on the size of files; a full file system was not tried',
  },
];
