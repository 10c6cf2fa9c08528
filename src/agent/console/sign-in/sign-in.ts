import type { IncomingMessage } from 'node:http';
import type { Clock } from '../../../base/clock.ts';
import { TokenBuckets } from '../../../base/token-buckets.ts';
import { ConsoleRefusal } from '../refusal.ts';
import { fingerprint, isSameSecret, type Sessions } from './sessions.ts';

export interface SignInOptions {
  /** The administrator's, as it is now. */
  password: () => Promise<string>;
  sessions: Sessions;
  clock: Clock;
}

/** Compares passwords, so many at a time. */
export class SignIn {
  readonly #options: SignInOptions;
  /** Per address, which is a proxy's for everybody behind one, and altogether. */
  readonly #perAddress: TokenBuckets;
  readonly #altogether: TokenBuckets;

  constructor(options: SignInOptions) {
    this.#options = options;
    const { clock } = options;
    this.#perAddress = new TokenBuckets({ burst: 5, refillMs: 12_000, clock });
    this.#altogether = new TokenBuckets({ burst: 50, refillMs: 1_000, clock });
  }

  /** The session's id; undefined for a wrong password. Throws ConsoleRefusal 429 without looking at it. */
  async try(request: IncomingMessage, given: string): Promise<string | undefined> {
    const address = request.socket.remoteAddress ?? '';
    if (!this.#perAddress.take(address) || !this.#altogether.take()) {
      const waitMs = Math.max(this.#perAddress.waitMs(address), this.#altogether.waitMs());
      const seconds = Math.max(1, Math.ceil(waitMs / 1000));
      throw new ConsoleRefusal(
        429,
        `Too many attempts to sign in. Try again in ${seconds} seconds.`,
        seconds,
      );
    }
    const password = await this.#options.password();
    if (!isSameSecret(given.trim(), password)) return undefined;
    // Taken before the comparison, so that many at once are not compared: given back where it was no guess.
    this.#perAddress.giveBack(address);
    this.#altogether.giveBack();
    return this.#options.sessions.begin(fingerprint(password));
  }

  /** Of the password as it is now; sessions that were begun with another are over. */
  async fingerprint(): Promise<string> {
    return fingerprint(await this.#options.password());
  }
}
