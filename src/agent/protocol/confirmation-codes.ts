import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../../base/clock.ts';
import type { Change } from '../tools/tool.ts';

/** What a confirmation is given for: another call, caller, object or extent, and it is void. */
export interface Confirmed {
  /** Through a person or through an argument of the call: the code of one is never good for the other. */
  channel: 'person' | 'argument';
  server: string;
  caller: string;
  tool: string;
  args: Record<string, unknown>;
  change: Change;
}

/** Seconds that a code is good for. */
export const confirmationLifetimeSeconds = 5 * 60;

const nonceBytes = 9;
const expiryBytes = 6;
const tagBytes = 16;

/**
 * Codes that say "this change was shown and may be made", each good once. Nothing is remembered but what was used, so that a
 * restart forgets no code that waits. Replicas with the same key take each other's codes; that one was used is known only to
 * the replica that took it, and elsewhere the objects' resourceVersions, which the change has moved on, make it void.
 */
export class ConfirmationCodes {
  readonly #key: Buffer;
  readonly #clock: Clock;
  /** Nonces, with the time after which the code is worth nothing anyway. */
  readonly #used = new Map<string, number>();

  constructor(key: Buffer, clock: Clock) {
    this.#key = key;
    this.#clock = clock;
  }

  issue(confirmed: Confirmed): string {
    const head = Buffer.alloc(expiryBytes + nonceBytes);
    head.writeUIntBE(this.#clock.now() + confirmationLifetimeSeconds * 1_000, 0, expiryBytes);
    randomBytes(nonceBytes).copy(head, expiryBytes);
    return Buffer.concat([head, this.#tag(head, confirmed)]).toString('base64url');
  }

  /** `void` for whatever was not issued for exactly this, or is too old. A valid code is used up. */
  redeem(code: string, confirmed: Confirmed): 'valid' | 'void' | 'used' {
    const bytes = Buffer.from(code, 'base64url');
    if (bytes.length !== expiryBytes + nonceBytes + tagBytes) return 'void';
    const head = bytes.subarray(0, expiryBytes + nonceBytes);
    if (!timingSafeEqual(bytes.subarray(head.length), this.#tag(head, confirmed))) return 'void';
    const expiry = head.readUIntBE(0, expiryBytes);
    const now = this.#clock.now();
    if (expiry <= now) return 'void';
    const nonce = head.toString('base64url');
    if (this.#used.has(nonce)) return 'used';
    for (const [old, until] of this.#used) if (until <= now) this.#used.delete(old);
    this.#used.set(nonce, expiry);
    return 'valid';
  }

  #tag(head: Buffer, { channel, server, caller, tool, args, change }: Confirmed): Buffer {
    const { summary, effects, objects } = change;
    const sorted = objects
      .map(({ uid, resourceVersion }) => `${uid}/${resourceVersion}`)
      .toSorted((a, b) => (a < b ? -1 : 1));
    const bound = canonical([channel, server, caller, tool, args, summary, effects, sorted]);
    const digest = createHash('sha256').update(bound).digest();
    return createHmac('sha256', this.#key).update(head).update(digest).digest().subarray(0, tagBytes);
  }
}

/** JSON with sorted keys: a client may print the same arguments in another order. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
