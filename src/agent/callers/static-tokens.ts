import { hash, timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Clock } from '../../base/clock.ts';
import { ConnectorError, describeError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { Caller } from './caller.ts';
import type { AuthenticationSettings } from './settings.ts';

type TokenSetting = NonNullable<AuthenticationSettings['tokens']>[number];

const minLength = 32;
/** The new one and the old one, while clients change; a few more do no harm. */
const maxPerFile = 8;
const readEveryMs = 5_000;
/** An unknown token may be one that was just written; who guesses must not make the disk busy. */
const rereadAfterMs = 1_000;
/** What an Authorization header can carry (RFC 6750 section 2.1). */
const sendable = /^[A-Za-z0-9\-._~+/]+=*$/;

interface Known {
  digest: Buffer;
  caller: Caller;
}

/**
 * Callers by tokens in files, each kept as a hash only. A file is read again every few seconds, and at once for a token that nobody
 * has: a mounted Secret is rotated without a restart, and a token that goes from its file counts no longer.
 */
export class StaticTokens {
  readonly #settings: readonly TokenSetting[];
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #stop = new AbortController();
  #known: readonly Known[] = [];
  #readAt = -Infinity;
  #reading: Promise<void> | undefined;
  /** Said once for each file, until it is in order again. */
  readonly #complaints = new Map<string, string>();

  private constructor(settings: readonly TokenSetting[], { clock, log }: { clock: Clock; log: Logger }) {
    this.#settings = settings;
    this.#clock = clock;
    this.#log = log;
  }

  /** Throws ConnectorError `agent-token-unusable` where a file has no token that can count. */
  static async open(
    settings: readonly TokenSetting[],
    options: { clock: Clock; log: Logger },
  ): Promise<StaticTokens> {
    const tokens = new StaticTokens(settings, options);
    await tokens.#read();
    const [complaint] = tokens.#complaints.values();
    if (complaint !== undefined) throw new ConnectorError('agent-token-unusable', complaint);
    void tokens.#follow();
    return tokens;
  }

  async callerOf(token: string): Promise<Caller | undefined> {
    const known = this.#find(token);
    if (known || this.#clock.now() - this.#readAt < rereadAfterMs) return known;
    await this.#read();
    return this.#find(token);
  }

  close(): void {
    this.#stop.abort();
  }

  /** Looks at all of them, so that the time tells nothing of which one is nearly right. */
  #find(token: string): Caller | undefined {
    const digest = digestOf(token);
    let found: Caller | undefined;
    for (const known of this.#known) if (timingSafeEqual(known.digest, digest)) found ??= known.caller;
    return found;
  }

  async #follow(): Promise<void> {
    const { signal } = this.#stop;
    try {
      for (;;) {
        await this.#clock.sleep(readEveryMs, signal);
        await this.#read();
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  #read(): Promise<void> {
    this.#reading ??= this.#readAll().finally(() => (this.#reading = undefined));
    return this.#reading;
  }

  async #readAll(): Promise<void> {
    const owners = new Map<string, string>();
    const known: Known[] = [];
    const found = await Promise.all(this.#settings.map((setting) => tokensIn(setting)));
    for (const [at, setting] of this.#settings.entries()) {
      const { tokens, complaint } = found[at] as FoundTokens;
      const shared = tokens.map((token) => owners.get(token)).find((owner) => owner !== undefined);
      this.#note(
        setting,
        shared === undefined
          ? complaint
          : `the token of "${setting.name}" is also that of "${shared}"; give each caller its own`,
      );
      if (shared !== undefined) continue;
      const caller: Caller = { name: setting.name, groups: setting.groups, via: 'token', scopes: [] };
      for (const token of tokens) {
        owners.set(token, setting.name);
        known.push({ digest: digestOf(token), caller });
      }
    }
    this.#known = known;
    this.#readAt = this.#clock.now();
  }

  #note({ file }: TokenSetting, complaint: string | undefined): void {
    if (complaint === undefined) this.#complaints.delete(file);
    else if (this.#complaints.get(file) !== complaint) {
      this.#complaints.set(file, complaint);
      this.#log.error({ file, reason: complaint }, 'a token of the agent gateway does not count');
    }
  }
}

interface FoundTokens {
  tokens: string[];
  complaint?: string;
}

/** One token a line. None of a file counts where one cannot: half a rotation is told, not guessed. */
async function tokensIn({ name, file }: TokenSetting): Promise<FoundTokens> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    return { tokens: [], complaint: `the token of "${name}" cannot be read: ${describeError(cause)}` };
  }
  const tokens = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const complaint = complaintAbout(tokens);
  return complaint === undefined
    ? { tokens }
    : { tokens: [], complaint: `the token of "${name}" in ${file} ${complaint}` };
}

function complaintAbout(tokens: readonly string[]): string | undefined {
  if (tokens.length === 0) return 'is missing: the file is empty';
  if (tokens.length > maxPerFile)
    return `is one of more than ${maxPerFile}; keep the new one and the old one`;
  if (tokens.some((token) => token.length < minLength))
    return `has fewer than ${minLength} characters; make one with "openssl rand -hex 32"`;
  if (!tokens.every((token) => sendable.test(token)))
    return 'has characters that no Authorization header can carry; make one with "openssl rand -hex 32"';
  return undefined;
}

function digestOf(token: string): Buffer {
  return hash('sha256', token, 'buffer');
}
