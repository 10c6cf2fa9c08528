import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../../../base/clock.ts';
import type { Draft } from '../wizard/draft.ts';

/** One sign-in. Kept in memory only: a restart signs everybody out. */
export interface Session {
  /** What every form repeats. */
  formToken: string;
  /** Milliseconds since the epoch. */
  begun: number;
  lastUsed: number;
  /** Of the password it was begun with: another one in the file ends it. */
  password: string;
  drafts: Map<string, Draft>;
  /** Shown once on the page that comes next, and forgotten: a generated token, what was done. */
  flash: Flash | undefined;
  /** Aborted when it ends. */
  ended: AbortController;
}

export interface Flash {
  message: string;
  /** Of the server it is for. */
  token?: { server: string; caller: string; value: string };
}

export interface SessionLimits {
  /** Milliseconds without a request of a person, and altogether. */
  idleMs: number;
  totalMs: number;
}

const defaultLimits: SessionLimits = { idleMs: 30 * 60_000, totalMs: 12 * 3_600_000 };
/** Of one administrator with several browsers; who signs in once more ends the one that was idle longest. */
const maxSessions = 32;

export class Sessions {
  readonly #clock: Clock;
  readonly #limits: SessionLimits;
  /** By the hash of the id in the cookie: what is in memory opens nothing. */
  readonly #sessions = new Map<string, Session>();

  constructor(clock: Clock, limits: SessionLimits = defaultLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** A new id for each sign-in: one that somebody planted in the browser before is worth nothing. Returns the cookie's value. */
  begin(password: string): string {
    const id = randomBytes(32).toString('base64url');
    const now = this.#clock.now();
    if (this.#sessions.size >= maxSessions) {
      const [idlest] = [...this.#sessions].toSorted(([, a], [, b]) => a.lastUsed - b.lastUsed);
      if (idlest) this.#drop(idlest[0]);
    }
    this.#sessions.set(keyOf(id), {
      formToken: randomBytes(32).toString('base64url'),
      begun: now,
      lastUsed: now,
      password,
      drafts: new Map(),
      flash: undefined,
      ended: new AbortController(),
    });
    return id;
  }

  /** Of the cookie's value; undefined where there is none, or it has ended. With `used`, its idle time begins again. */
  find(id: string | undefined, password: string, used = true): Session | undefined {
    if (id === undefined) return undefined;
    const key = keyOf(id);
    const session = this.#sessions.get(key);
    if (!session) return undefined;
    const now = this.#clock.now();
    const { idleMs, totalMs } = this.#limits;
    if (now - session.lastUsed > idleMs || now - session.begun > totalMs || session.password !== password) {
      this.#drop(key);
      return undefined;
    }
    if (used) session.lastUsed = now;
    return session;
  }

  end(id: string | undefined): void {
    if (id !== undefined) this.#drop(keyOf(id));
  }

  #drop(key: string): void {
    this.#sessions.get(key)?.ended.abort();
    this.#sessions.delete(key);
  }
}

/** In constant time, whatever the lengths. */
export function isSameSecret(a: string, b: string): boolean {
  return timingSafeEqual(digest(a), digest(b));
}

/** Tells whether it is the same secret, and is not it. */
export function fingerprint(secret: string): string {
  return digest(secret).toString('base64url');
}

function keyOf(id: string): string {
  return fingerprint(id);
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
