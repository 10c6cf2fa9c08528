import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose';

type KeyPair = Awaited<ReturnType<typeof generateKeyPair>>;

interface IssuerKey {
  kid: string;
  alg: string;
  pair: KeyPair;
}

/** What a token says when nothing else is asked for: right in every respect. */
export interface TokenRequest {
  claims?: JWTPayload;
  /** Of the header, over `alg`, `kid` and `typ`; undefined leaves one out. */
  header?: Record<string, unknown>;
  key?: IssuerKey;
  /** Claims that are left out. */
  without?: readonly string[];
}

/**
 * An authorization server as far as a resource server knows one: its discovery document, its keys, and tokens that are signed by
 * them, over HTTP on a loopback port. It stands in for an issuer of somebody else, and speaks its protocol as it is.
 */
export class OAuthIssuer {
  /** Paths in order of arrival. */
  readonly asked: string[] = [];
  /** Answers 500 while it is true. */
  isDown = false;
  /** OpenID Connect's; RFC 8414 has another. */
  documentPath = '/.well-known/openid-configuration';
  /** Over what the discovery document says. */
  discovery: Record<string, unknown> = {};
  readonly #server: Server;
  #keys: readonly [IssuerKey, ...IssuerKey[]];

  private constructor(server: Server, keys: readonly [IssuerKey, ...IssuerKey[]]) {
    this.#server = server;
    this.#keys = keys;
  }

  static async start(keys: readonly [IssuerKey, ...IssuerKey[]]): Promise<OAuthIssuer> {
    const server = createServer();
    const issuer = new OAuthIssuer(server, keys);
    server.on('request', ({ url = '' }, response) => {
      issuer.asked.push(url);
      void issuer.#answer(url).then((body) => {
        response.writeHead(issuer.isDown ? 500 : body ? 200 : 404, { 'content-type': 'application/json' });
        response.end(issuer.isDown ? '{}' : JSON.stringify(body ?? {}));
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return issuer;
  }

  /** Keys take long to make, so tests share them. */
  static async newKey(alg: string, kid: string): Promise<IssuerKey> {
    return { kid, alg, pair: await generateKeyPair(alg, { extractable: true }) };
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  rotate(keys: readonly [IssuerKey, ...IssuerKey[]]): void {
    this.#keys = keys;
  }

  async token(audience: string, request: TokenRequest = {}): Promise<string> {
    const key = request.key ?? this.#keys[0];
    const now = Math.floor(Date.now() / 1000);
    const claims: JWTPayload = {
      iss: this.url,
      aud: audience,
      sub: 'alice',
      client_id: 'agent-1',
      scope: 'crossplane:read crossplane:write',
      iat: now,
      exp: now + 600,
      ...request.claims,
    };
    for (const claim of request.without ?? []) delete claims[claim];
    const header = { alg: key.alg, kid: key.kid, typ: 'at+jwt', ...request.header };
    return await new SignJWT(claims).setProtectedHeader(header).sign(key.pair.privateKey);
  }

  async stop(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  async #answer(url: string): Promise<object | undefined> {
    if (url === this.documentPath)
      return { issuer: this.url, jwks_uri: `${this.url}/keys`, ...this.discovery };
    if (url === '/keys') return { keys: await Promise.all(this.#keys.map(publicJwk)) };
    return undefined;
  }
}

async function publicJwk({ kid, alg, pair }: IssuerKey): Promise<JWK> {
  return { ...(await exportJWK(pair.publicKey)), kid, alg, use: 'sig' };
}
