import { rootCertificates } from 'node:tls';
import { Agent, type Dispatcher, EnvHttpProxyAgent, request } from 'undici';
import { type Clock, Backoff, systemClock } from '../base/clock.ts';
import { describeError } from '../base/errors.ts';
import { redacted } from '../base/redaction.ts';
import { readText } from './answer-body.ts';
import type { ExecCredential } from './exec-plugin.ts';
import { expiryOfToken } from './token-expiry.ts';

export interface SpaceTokenOptions {
  /** Base URL of the token exchange, such as https://auth.upbound.io. */
  authUrl: string;
  /** The organization whose Space it is. */
  account: string;
  /** The organization's API token. */
  token: string;
  /** PEM, trusted beside the public authorities. */
  ca?: string | undefined;
  /** HTTPS_PROXY counts. */
  environmentProxy: boolean;
  /** Told when a renewal fails although the token in use is still valid, and with undefined when one has succeeded. */
  onTrouble?: ((reason: string | undefined) => void) | undefined;
  clock?: Clock;
}

const path = '/apis/tokenexchange.upbound.io/v1alpha1/orgscopedtokens';
const timeoutMs = 10_000;
const maxAnswerBytes = 1024 * 1024;
/** Of the lifetime; at random between the two, so that replicas do not come together. */
const renewBetween = [0.6, 0.8] as const;
/** Not again sooner after a refusal: many requests are refused at once. */
const pauseMs = 1_000;

interface Issued {
  credential: ExecCredential;
  at: number;
  /** Infinity where nothing says when it ends: it holds until it is refused. */
  renewAt: number;
}

/**
 * A credential for a Space, by exchange of an organization's token (RFC 8693, with the scope and audiences of Upbound's SDK). It is
 * renewed long before it ends, and the one in use stays in use while that fails.
 */
export class SpaceToken {
  readonly #options: SpaceTokenOptions;
  readonly #clock: Clock;
  readonly #backoff = new Backoff(2_000, 30_000);
  #issued: Issued | undefined;
  #running: Promise<ExecCredential> | undefined;
  #isRefused = false;
  #notBefore = 0;

  constructor(options: SpaceTokenOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /** Rejects where there is none that could still be used, with what the exchange said, credentials left out. */
  async credential(): Promise<ExecCredential> {
    const issued = this.#issued;
    const now = this.#clock.now();
    if (!issued || now >= (issued.credential.expiresAt ?? Infinity)) return await this.#exchange();
    if (this.#isRefused && now - issued.at >= pauseMs) return await this.#exchange();
    // Whoever asks now does not wait for it.
    if (now >= issued.renewAt && now >= this.#notBefore) void this.#renew();
    return issued.credential;
  }

  /** After a 401: exchanged again. */
  refused(): void {
    this.#isRefused = true;
  }

  async #renew(): Promise<void> {
    if (this.#running) return;
    try {
      await this.#exchange();
      this.#options.onTrouble?.(undefined);
    } catch (error) {
      this.#notBefore = this.#clock.now() + this.#backoff.next();
      this.#options.onTrouble?.(describeError(error));
    }
  }

  #exchange(): Promise<ExecCredential> {
    this.#running ??= this.#ask().finally(() => (this.#running = undefined));
    return this.#running;
  }

  async #ask(): Promise<ExecCredential> {
    const { authUrl, account, token } = this.#options;
    const at = this.#clock.now();
    const body = new URLSearchParams([
      ['grant_type', 'urn:ietf:params:oauth:grant-type:token-exchange'],
      ['subject_token', token],
      ['subject_token_type', 'urn:ietf:params:oauth:token-type:id_token'],
      ['scope', `upbound:org:${account}`],
      ['audience', 'upbound:spaces:api'],
      ['audience', 'upbound:spaces:controlplanes'],
    ]);
    const { host } = new URL(authUrl);
    const dispatcher = this.#dispatcher();
    try {
      const answer = await request(`${authUrl.replace(/\/+$/, '')}${path}`, {
        dispatcher,
        method: 'POST',
        headers: {
          authorization: `Bearer ${token}`,
          'content-type': 'application/x-www-form-urlencoded',
          accept: 'application/json',
        },
        body: body.toString(),
        signal: AbortSignal.timeout(timeoutMs),
      }).catch((cause: unknown) => {
        throw new Error(`the token exchange of ${host} does not answer`, { cause });
      });
      const text = await readText(answer.body, maxAnswerBytes, answersWithoutEnd);
      if (answer.statusCode === 401 || answer.statusCode === 403) {
        throw new Error(
          `${host} does not accept the token for the account "${account}" (${answer.statusCode}); look at both, and renew the token`,
        );
      }
      if (answer.statusCode !== 200)
        throw new Error(`${host} answered the token exchange with ${answer.statusCode}: ${redacted(text)}`);
      return this.#keep(text, host, at);
    } finally {
      await dispatcher.destroy();
    }
  }

  #keep(text: string, host: string, at: number): ExecCredential {
    const { access_token: token, expires_in: seconds } = parsed(text);
    if (typeof token !== 'string' || token === '')
      throw new Error(`${host} answered the token exchange without an access token`);
    const expiresAt =
      typeof seconds === 'number' && seconds > 0 ? at + seconds * 1000 : expiryOfToken(`Bearer ${token}`);
    const [low, high] = renewBetween;
    const share = low + Math.random() * (high - low);
    const credential: ExecCredential = { token, cert: undefined, key: undefined, expiresAt };
    const renewAt = expiresAt === undefined ? Infinity : at + (expiresAt - at) * share;
    this.#issued = { credential, at, renewAt };
    this.#isRefused = false;
    this.#notBefore = 0;
    this.#backoff.reset();
    return credential;
  }

  /** For one exchange: there are hours between two. */
  #dispatcher(): Dispatcher {
    const { ca, environmentProxy } = this.#options;
    const connect = { timeout: timeoutMs, ...(ca ? { ca: [...rootCertificates, ca] } : {}) };
    return environmentProxy
      ? new EnvHttpProxyAgent({ requestTls: connect, connect })
      : new Agent({ connect });
  }
}

function answersWithoutEnd(): Error {
  return new Error('the token exchange answered without end');
}

function parsed(text: string): { access_token?: unknown; expires_in?: unknown } {
  try {
    return JSON.parse(text) as { access_token?: unknown };
  } catch {
    return {};
  }
}
