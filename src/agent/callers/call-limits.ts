import { type Clock, systemClock } from '../../base/clock.ts';
import { TokenBuckets } from '../../base/token-buckets.ts';
import { ToolError } from '../tools/tool-error.ts';
import type { Effect } from '../tools/tool.ts';
import type { Caller, CallLimits } from './caller.ts';
import type { RateLimitSettings } from './settings.ts';

/** How soon to come back where calls under way are too many: nobody knows when one ends. */
const crowdedMs = 1_000;

/** Limits of one server. Each class of calls has buckets of its own, so that many reads never keep a write waiting. */
export class ServerCallLimits implements CallLimits {
  readonly #buckets: Record<Effect, TokenBuckets | undefined>;
  readonly #settings: RateLimitSettings;
  readonly #underWay = new Map<string, number>();
  #total = 0;

  constructor(settings: RateLimitSettings, clock: Clock = systemClock) {
    const bucketsOf = ({ perMinute, burst }: RateLimitSettings[Effect]): TokenBuckets | undefined =>
      perMinute === 0 ? undefined : new TokenBuckets({ burst, refillMs: 60_000 / perMinute, clock });
    this.#settings = settings;
    this.#buckets = {
      read: bucketsOf(settings.read),
      create: bucketsOf(settings.create),
      destructive: bucketsOf(settings.destructive),
    };
  }

  take({ name }: Caller, effect: Effect): number {
    const buckets = this.#buckets[effect];
    return !buckets || buckets.take(name) ? 0 : buckets.waitMs(name);
  }

  enter({ name }: Caller): (() => void) | undefined {
    const { concurrent, concurrentPerCaller } = this.#settings;
    const own = this.#underWay.get(name) ?? 0;
    if (isFull(this.#total, concurrent) || isFull(own, concurrentPerCaller)) return undefined;
    this.#total++;
    this.#underWay.set(name, own + 1);
    let hasLeft = false;
    return () => {
      if (hasLeft) return;
      hasLeft = true;
      this.#total--;
      const rest = (this.#underWay.get(name) ?? 1) - 1;
      if (rest === 0) this.#underWay.delete(name);
      else this.#underWay.set(name, rest);
    };
  }
}

function isFull(count: number, limit: number): boolean {
  return limit > 0 && count >= limit;
}

/** For a client of HTTP, before anything of the call is done. `waitMs` is left out where too many calls are under way. */
export function tooManyCalls(waitMs = crowdedMs): Response {
  const seconds = secondsOf(waitMs);
  return Response.json(
    { error: 'rate_limited', error_description: sentence(seconds) },
    { status: 429, headers: { 'retry-after': String(seconds), 'cache-control': 'no-store' } },
  );
}

/** The same for a client of stdio. */
export function rateLimited(waitMs = crowdedMs): ToolError {
  const seconds = secondsOf(waitMs);
  return new ToolError('rate_limited', sentence(seconds), {
    retryable: true,
    details: { retry_after_seconds: seconds },
  });
}

function secondsOf(waitMs: number): number {
  return Math.max(1, Math.ceil(waitMs / 1000));
}

function sentence(seconds: number): string {
  return `this caller makes too many calls of this kind; come back in ${seconds} s`;
}
