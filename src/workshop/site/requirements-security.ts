/** The requirements of security, each with its tests or the reason why it has none. */
import { in_, type Requirement } from './requirements.ts';

const layerOne = in_('test/store/layer-one.test.ts');
const session = in_('test/store/session.test.ts');
const renew = in_('test/store/renew.test.ts');
const users = in_('test/store/users.test.ts');
const security = in_('test/store/security.test.ts');
const seal = in_('test/store/seal.test.ts');
const server = in_('test/store/faults/server.test.ts');
const cluster = in_('test/store/faults/cluster.test.ts');
const fuzz = in_('test/store/fuzz.test.ts');
const contract = in_('test/adapters/store/contract.test.ts');
const hostile = in_('test/adapters/store/hostile.test.ts');
const cli = in_('test/cli/commands.test.ts');

/** Security requirements; CS is OWASP's cheat sheet, V ASVS 5.0, v4 ASVS 4.0, N SP 800-63B-4. */
export const SECURITY: readonly Requirement[] = [
  {
    id: 'S01',
    text: 'Ids are random, of 128 bits or more',
    source: 'V7.2.3, CS, N 7.1',
    proofs: [security('ids are random at every place')],
  },
  {
    id: 'S02',
    text: 'An id has no meaning',
    source: 'CS',
    proofs: [
      security('ids are random at every place'),
      contract('a session lasts from request to request'),
    ],
  },
  {
    id: 'S03',
    text: 'A forged, cut or oversized cookie is a visitor without a session',
    source: 'V7.2.1',
    proofs: [hostile("only a cookie of exactly this name and form is the session's")],
  },
  {
    id: 'S04',
    text: 'An unknown id is never adopted, and is an event',
    source: 'CS',
    proofs: [session('an unknown id is never adopted'), security('the events of a life')],
  },
  {
    id: 'S05',
    text: 'An id is checked before it reaches a statement',
    source: 'CS',
    proofs: [
      layerOne('an unknown id opens nothing, and an invalid one sends no statement'),
      fuzz('spoiled cookies, rows and envelopes'),
    ],
  },
  {
    id: 'S06',
    text: 'A login gives a new id, and the old one never reaches the user',
    source: 'V7.2.4, v4:3.2.1',
    proofs: [
      renew('the id from before a login never reaches'),
      security('a logout with the id from before a login'),
    ],
  },
  {
    id: 'S07',
    text: 'The grace of an old id is bounded; its later use is an alarm and ends the session',
    source: 'CS',
    proofs: [renew('an old id that is used after its grace')],
  },
  {
    id: 'S08',
    text: 'Idle time-out on the server',
    source: 'V7.3.1, CS',
    proofs: [layerOne('a session expires when it is idle')],
  },
  {
    id: 'S09',
    text: 'Absolute time-out, however much a session is used',
    source: 'V7.3.2, CS',
    proofs: [
      layerOne('a session expires when it is idle'),
      renew('a login starts the absolute time again'),
    ],
  },
  {
    id: 'S10',
    text: 'A password is asked again before what matters most',
    source: 'V7.5.1, V7.5.3',
    proofs: [session('requireFresh() asks for a recent login')],
    note: '`session.requireFresh(seconds)` throws; the application asks for the password, and calls `renew({ user })`',
  },
  {
    id: 'S11',
    text: 'A logout counts at once, for requests that race with it as well',
    source: 'V7.4.1, v4:3.3.1',
    proofs: [
      security('64 requests that race with a logout'),
      security('after a logout the ids from before'),
      security('a logout ends the session though'),
      session('a session that is ended elsewhere is not revived'),
    ],
  },
  {
    id: 'S12',
    text: 'A disabled account: all its sessions end',
    source: 'V7.4.2',
    proofs: [users('leave none alive')],
    note: 'The application calls `sessions.of(user).revokeAll()`',
  },
  {
    id: 'S13',
    text: 'After a new password, all other sessions end',
    source: 'V7.4.3',
    proofs: [
      users('all others are revoked, and exactly one stays'),
      security('a session that is renewed while it is revoked'),
    ],
    note: 'The application calls `revokeOthers()`',
  },
  {
    id: 'S14',
    text: 'An administrator can end the sessions of one user and of all',
    source: 'V7.4.5',
    proofs: [
      users('all sessions of all users are counted and ended'),
      users('one session is revoked by its handle'),
    ],
  },
  {
    id: 'S15',
    text: 'A user sees and ends sessions by handles, never by ids',
    source: 'V7.5.2, v4:3.3.4',
    proofs: [users('the list shows handles, times and labels')],
  },
  {
    id: 'S16',
    text: 'The number of sessions of a user is limited, under 50 logins at once',
    source: 'V7.1.2',
    proofs: [users('of 50 logins at once'), cluster('of 30 logins at once on three nodes')],
  },
  {
    id: 'S17',
    text: 'A visit that stores nothing creates neither a row nor a cookie',
    source: 'V7.6.2',
    proofs: [contract('a page without a session reaches no database')],
  },
  {
    id: 'S18',
    text: 'Secure, and `__Host-` by default',
    source: 'V3.3.1, V3.3.3',
    proofs: [
      contract('a session lasts from request to request'),
      contract('a cookie that browsers refuse'),
    ],
  },
  {
    id: 'S19',
    text: 'HttpOnly; the id is in no body',
    source: 'V3.3.4',
    proofs: [
      contract('a session lasts from request to request'),
      hostile('what a client or a page writes reaches no header'),
    ],
  },
  {
    id: 'S20',
    text: 'SameSite=Lax by default; None needs Secure',
    source: 'V3.3.2',
    proofs: [
      contract('a session lasts from request to request'),
      contract('a cookie that browsers refuse'),
    ],
  },
  {
    id: 'S21',
    text: 'The cookie has 4,096 bytes at most',
    source: 'V3.3.5',
    proofs: [hostile('a cookie that is longer than browsers take')],
  },
  {
    id: 'S22',
    text: "The cookie's name says nothing about the software",
    source: 'CS',
    proofs: [contract('other names and attributes of the cookie')],
  },
  {
    id: 'S23',
    text: 'An id in the URL is ignored',
    source: 'v4:3.1.1',
    proofs: [hostile("only a cookie of exactly this name and form is the session's")],
  },
  {
    id: 'S24',
    text: 'No shared cache keeps a response that sets the cookie',
    source: 'CS',
    proofs: [hostile("no cache may keep a response that sets a session's cookie")],
    note: 'The application may add `Clear-Site-Data` to a logout',
  },
  {
    id: 'S25',
    text: 'No session over plain HTTP',
    source: 'N 7.1, CS',
    proofs: [contract('a session lasts from request to request')],
    note: 'Browsers take a Secure cookie over HTTPS only; the application serves HTTPS and HSTS',
  },
  {
    id: 'S26',
    text: "A cookie's own expiry is not what ends a session",
    source: 'N',
    proofs: [layerOne('a session expires when it is idle')],
  },
  {
    id: 'S27',
    text: 'What the table holds opens nothing',
    source: 'CS, CVE-2019-16782',
    proofs: [layerOne('the table holds no id'), layerOne('what the table holds opens nothing')],
  },
  {
    id: 'S28',
    text: 'Payloads can be sealed, each to its row',
    source: 'CS',
    proofs: [seal('a payload of another row'), seal('what the table holds does not show the data')],
    note: 'Option `seal`',
  },
  {
    id: 'S29',
    text: 'Events of a life, in their order',
    source: 'CS',
    proofs: [security('the events of a life')],
  },
  {
    id: 'S30',
    text: 'No id in events, errors and inspected objects',
    source: 'CS',
    proofs: [session('no event, error or inspected object shows an id')],
  },
  {
    id: 'S31',
    text: 'Guessing is noticed',
    source: 'CS',
    proofs: [security('the events of a life'), session('a thousand unknown ids are one alert')],
    note: 'Each unknown id is an event `unknown-id`, and a hundred within a minute are one event `guessing`. The application counts them by the address that sent them',
  },
  {
    id: 'S32',
    text: 'A mismatch of browser or address ends no session',
    source: 'CS',
    proofs: [],
    note: 'The store binds to neither. An application that does refuses its own answer and leaves the session',
  },
  {
    id: 'S33',
    text: 'Secrets and keys rotate without a logout',
    source: 'v4:3.5.3',
    proofs: [
      security('secrets rotate three times under load'),
      seal('keys rotate: the newest seals'),
    ],
  },
  {
    id: 'S34',
    text: 'Reading data instantiates nothing and touches no prototype',
    source: 'CS',
    proofs: [
      fuzz('spoiled cookies, rows and envelopes'),
      in_('test/store/payload.test.ts')('a key named __proto__'),
    ],
  },
  {
    id: 'S35',
    text: 'The cookie goes with the browser unless asked otherwise',
    source: 'N 7.1',
    proofs: [contract('a session lasts from request to request')],
  },
  {
    id: 'S36',
    text: 'Sessions are looked up by a keyed hash, never compared by their ids',
    source: 'CVE-2019-16782',
    proofs: [layerOne('the table holds no id')],
  },
  {
    id: 'S37',
    text: 'The command line shows values only when asked',
    source: 'CS',
    proofs: [cli('show tells keys, types and sizes')],
  },
  {
    id: 'S38',
    text: 'SELECT, INSERT, UPDATE and DELETE are rights enough',
    source: 'practice',
    proofs: [security('are all the rights that the store needs')],
  },
  {
    id: 'S39',
    text: 'A failure is never an empty session, and nothing is written after it',
    source: 'practice',
    proofs: [
      security('a failure of the database is never an empty session'),
      server('a server without a free connection'),
    ],
  },
  {
    id: 'S40',
    text: 'The documented time-outs and limits are those of the code',
    source: 'V7.1.1',
    proofs: [security("the documented default of each option is the code's")],
  },
];
