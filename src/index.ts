/**
 * The front door: PHP's session extension, and the scope of one request around a `node:http`
 * listener. The other entries are `phpsessid/serialize` and one small file a framework.
 */
export { type PhpSessionOptions, withPhpSession } from './adapters/node.ts';
export * from './php/index.ts';
