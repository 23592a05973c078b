/**
 * The parts of an adapter, for authors of adapters to other frameworks.
 *
 * {@link prepareExchanges} makes a PHP request of an HTTP request. If the framework returns its
 * response as a value, that is all: run the page, commit, send. An adapter on node:http can serve a
 * request as `phpsessid/node` does, with its response held back, by {@link prepareHttp}.
 *
 * A {@link ResponseHead} receives each header value with one character for each byte (latin1), as
 * node:http and Fetch take it. `setHeader('Set-Cookie', lines)` receives all lines that are to be
 * sent, the session's own last, and replaces those that were set.
 *
 * @module adapter
 */
export type { RequestSource, ResponseHead } from '../php/host.ts';
export { Exchange, type ExchangeParts, prepareExchanges } from './exchange.ts';
export { type HttpOptions, prepareHttp, type ServeHttp } from './http-exchange.ts';
