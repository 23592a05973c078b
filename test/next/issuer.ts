/** A server of OpenID Connect with one user, as nextjs-auth0 asks it. */
import { generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** The application's id at the issuer. */
export const CLIENT = 'shop';

/** The issuer's host: nextjs-auth0 takes no port, and no host of this machine. */
export const DOMAIN = 'login.example.org';

/** A module that sends the application's requests for that host to `process.env.ISSUER`. */
export const REROUTE: string = `
const { fetch } = globalThis;
globalThis.fetch = (input, init) => {
  const url = new URL(input instanceof Request ? input.url : input);
  if (url.host !== '${DOMAIN}') return fetch(input, init);
  const there = new URL(url.pathname, process.env.ISSUER);
  return fetch(input instanceof Request ? new Request(there, input) : there, init);
};
`;

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });

/** An issuer on a free port. */
export class Issuer {
  readonly #server: Server;
  readonly #nonces = new Map<string, string>();
  /** The session of the last login. */
  sid = '';

  private constructor(server: Server) {
    this.#server = server;
    server.on('request', async (request: IncomingMessage, response) => {
      response.setHeader('Content-Type', 'application/json');
      response.end(JSON.stringify(await this.#answer(request)));
    });
  }

  /** Starts an issuer. */
  static async start(): Promise<Issuer> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Issuer(server);
  }

  /** The address at which the server listens. */
  get address(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /**
   * Logs the user in.
   *
   * @param location - The address to which the application has sent the browser.
   * @returns The address to which the issuer sends it back.
   */
  grant(location: string): string {
    const asked = new URL(location).searchParams;
    const code = randomUUID();
    this.#nonces.set(code, String(asked.get('nonce')));
    const back = new URL(String(asked.get('redirect_uri')));
    back.searchParams.set('code', code);
    back.searchParams.set('state', String(asked.get('state')));
    return back.href;
  }

  /** Returns the message by which the issuer ends the last session at the application. */
  logoutToken(): string {
    const events = { 'http://schemas.openid.net/event/backchannel-logout': {} };
    return this.#token('logout+jwt', { sid: this.sid, events, jti: randomUUID() });
  }

  /** Ends the server. */
  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #answer(request: IncomingMessage): Promise<unknown> {
    const url = `https://${DOMAIN}`;
    if (request.url === '/keys') {
      return {
        keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'k', alg: 'RS256', use: 'sig' }],
      };
    }
    if (request.url !== '/token') {
      return {
        issuer: `${url}/`,
        authorization_endpoint: `${url}/authorize`,
        token_endpoint: `${url}/token`,
        jwks_uri: `${url}/keys`,
      };
    }
    const body = new URLSearchParams(Buffer.concat(await request.toArray()).toString());
    this.sid = randomUUID();
    const nonce = this.#nonces.get(String(body.get('code')));
    const id_token = this.#token('JWT', { nonce, sid: this.sid });
    return { access_token: randomUUID(), token_type: 'Bearer', expires_in: 3600, id_token };
  }

  #token(typ: string, claims: object): string {
    const now = Math.floor(Date.now() / 1000);
    const who = { iss: `https://${DOMAIN}/`, aud: CLIENT, sub: 'auth0|42' };
    const parts = [
      { alg: 'RS256', kid: 'k', typ },
      { ...who, iat: now, exp: now + 600, ...claims },
    ];
    const text = parts
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.');
    return `${text}.${sign('RSA-SHA256', Buffer.from(text), privateKey).toString('base64url')}`;
  }
}
