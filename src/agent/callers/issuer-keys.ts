import { readFile } from 'node:fs/promises';
import { rootCertificates } from 'node:tls';
import {
  createLocalJWKSet,
  errors,
  type FlattenedJWSInput,
  type JSONWebKeySet,
  type JWTHeaderParameters,
} from 'jose';
import { Agent, type Dispatcher, EnvHttpProxyAgent, request } from 'undici';
import type { Clock } from '../../base/clock.ts';
import { ConnectorError, describeError } from '../../base/errors.ts';
import { isLoopbackHost, type OAuthSettings } from './settings.ts';

const timeoutMs = 5_000;
const maxBytes = 1024 * 1024;
/** Keys that the issuer has taken back count no longer than this, while it answers; */
const freshMs = 10 * 60_000;
/** and no longer than this while it does not. */
const usableMs = 60 * 60_000;
/** Between two questions, whatever tokens are shown: anybody can write a key id that nobody has. */
const cooldownMs = 30_000;
/** The same while there are no keys at all, and nobody can be let in. */
const retryMs = 5_000;

export interface IssuerKeysOptions {
  settings: Pick<OAuthSettings, 'issuer' | 'jwksUri' | 'caFile'>;
  /** HTTPS_PROXY counts. */
  environmentProxy: boolean;
  clock: Clock;
}

interface Kept {
  find: ReturnType<typeof createLocalJWKSet>;
  at: number;
}

/**
 * The keys that an issuer signs with. They are asked for again when they are old, and when a token names one that is not
 * there; in an outage of the issuer those in use stay in use for an hour.
 */
export class IssuerKeys {
  readonly #options: IssuerKeysOptions;
  #kept: Kept | undefined;
  #asking: Promise<Kept> | undefined;
  #askedAt = -Infinity;
  #trouble: unknown;

  constructor(options: IssuerKeysOptions) {
    this.#options = options;
  }

  /** For jose. Throws its errors for a key that is not there, ConnectorError `issuer-unreachable` where nobody could be asked. */
  async find(header: JWTHeaderParameters, token: FlattenedJWSInput): ReturnType<Kept['find']> {
    const kept = await this.#usable();
    try {
      return await kept.find(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || this.#isCoolingDown()) throw error;
      const renewed = await this.#ask();
      return await renewed.find(header, token);
    }
  }

  async #usable(): Promise<Kept> {
    const kept = this.#kept;
    const age = this.#options.clock.now() - (kept?.at ?? -Infinity);
    if (kept && (age < freshMs || (age < usableMs && this.#isCoolingDown()))) return kept;
    if (!kept && this.#trouble !== undefined && this.#isCoolingDown()) throw this.#trouble;
    try {
      return await this.#ask();
    } catch (error) {
      if (kept && age < usableMs) return kept;
      throw error;
    }
  }

  #isCoolingDown(): boolean {
    return this.#options.clock.now() - this.#askedAt < (this.#kept ? cooldownMs : retryMs);
  }

  #ask(): Promise<Kept> {
    this.#asking ??= this.#fetch().finally(() => (this.#asking = undefined));
    return this.#asking;
  }

  async #fetch(): Promise<Kept> {
    const { settings, clock } = this.#options;
    const at = clock.now();
    this.#askedAt = at;
    try {
      const dispatcher = await this.#dispatcher();
      try {
        const uri = settings.jwksUri ?? (await discovered(settings.issuer, dispatcher));
        const find = createLocalJWKSet((await jsonAt(uri, dispatcher)) as JSONWebKeySet);
        this.#kept = { find, at };
        this.#trouble = undefined;
        return this.#kept;
      } finally {
        await dispatcher.destroy();
      }
    } catch (cause) {
      this.#trouble = new ConnectorError(
        'issuer-unreachable',
        `the keys of the issuer ${settings.issuer} cannot be had: ${describeError(cause)}`,
        { cause },
      );
      throw this.#trouble;
    }
  }

  /** For one question: there are minutes between two. */
  async #dispatcher(): Promise<Dispatcher> {
    const { settings, environmentProxy } = this.#options;
    const own =
      settings.caFile === undefined
        ? {}
        : { ca: [...rootCertificates, await readFile(settings.caFile, 'utf8')] };
    const connect = { timeout: timeoutMs, ...own };
    return environmentProxy
      ? new EnvHttpProxyAgent({ requestTls: connect, connect })
      : new Agent({ connect });
  }
}

/** OpenID Connect Discovery 1.0 section 4, then RFC 8414 section 3: what an issuer has of the two. */
async function discovered(issuer: string, dispatcher: Dispatcher): Promise<string> {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/+$/, '');
  const places = [
    `${origin}${path}/.well-known/openid-configuration`,
    `${origin}/.well-known/oauth-authorization-server${path}`,
  ];
  let trouble: unknown;
  for (const place of places) {
    let document: { issuer?: unknown; jwks_uri?: unknown };
    try {
      document = await jsonAt(place, dispatcher);
    } catch (error) {
      trouble ??= error;
      continue;
    }
    if (document.issuer !== issuer)
      throw new Error(`${place} is the document of another issuer; "issuer" has to be as it stands there`);
    const uri = String(document.jwks_uri);
    if (!URL.canParse(uri) || !isSecure(new URL(uri))) throw new Error(`${place} has no usable jwks_uri`);
    return uri;
  }
  throw trouble;
}

function isSecure({ protocol, hostname }: URL): boolean {
  return protocol === 'https:' || (protocol === 'http:' && isLoopbackHost(hostname));
}

/** Redirects are not followed: the address is the operator's, or in the issuer's own document. */
async function jsonAt(url: string, dispatcher: Dispatcher): Promise<object> {
  const { statusCode, body } = await request(url, {
    dispatcher,
    headers: { accept: 'application/json' },
    signal: AbortSignal.timeout(timeoutMs),
  });
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > maxBytes) throw new Error(`${url} answered without end`);
    chunks.push(chunk);
  }
  if (statusCode !== 200) throw new Error(`${url} answered with ${statusCode}`);
  const value: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'));
  if (typeof value !== 'object' || value === null) throw new Error(`${url} is no JSON object`);
  return value;
}
