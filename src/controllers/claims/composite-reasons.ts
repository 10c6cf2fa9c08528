import type { Condition } from '../../apimachinery/objects.ts';
import { type Clock, systemClock } from '../../base/clock.ts';
import { describeError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { EventRecorder } from '../../clusters/event-recorder.ts';
import type { KubeClient } from '../../clusters/kube-client.ts';
import { textToApp } from '../../mapping/claim-event.ts';
import { appReference, type FollowedClaim } from '../../mapping/followed-claim.ts';
import { CompositeReader } from './composite-reader.ts';
import type { FollowedClaims } from './followed-claims.ts';
import type { Controller } from '../leader-work.ts';

export interface CompositeReasonsOptions {
  /** The control plane. */
  client: KubeClient;
  claims: Pick<FollowedClaims, 'get' | 'onChange'>;
  recorder: Pick<EventRecorder, 'record'>;
  log: Logger;
  clock?: Clock;
}

const tickMs = 1_000;
/** Most claims are ready by then, and most changes of one come together. */
const settleMs = 2_000;
const firstIntervalMs = 5_000;
const lastIntervalMs = 60_000;
/** Between two reads, however many claims wait. */
const paceMs = 50;
/** The same reason is said again well within an Event's hour, and seldom enough to leave room for others. */
const repeatMs = 600_000;

interface Waiting {
  dueAt: number;
  intervalMs: number;
  /** The claim's own conditions when it was last heard of. */
  conditions: string;
  /** By the type of a condition: what was said of it, and when. */
  said: Map<string, { message: string; at: number }>;
}

/**
 * Says on a claim that is not Ready what its composite resource says. The claim itself has but "waiting for composite resource
 * to become Ready", and who wrote it cannot see the rest. A composite resource changes without its claim, and all of
 * them are too much to watch: so those of waiting claims are read, less and less often.
 */
export class CompositeReasons implements Controller {
  readonly #options: CompositeReasonsOptions;
  readonly #clock: Clock;
  readonly #reader: CompositeReader;
  readonly #abort = new AbortController();
  /** By the claim's uid. */
  readonly #waiting = new Map<string, Waiting>();
  #done: Promise<void> | undefined;

  constructor(options: CompositeReasonsOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#reader = new CompositeReader({ client: options.client, log: options.log, clock: this.#clock });
  }

  start(): void {
    this.#options.claims.onChange((claim) => this.#hear(claim));
    this.#done ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#done;
  }

  #hear(claim: FollowedClaim): void {
    const { uid, composite } = claim;
    const isWaiting = this.#options.claims.get(uid) && composite && claim.conditions.length > 0;
    if (!isWaiting) {
      this.#waiting.delete(uid);
      return;
    }
    const conditions = JSON.stringify(claim.conditions);
    const known = this.#waiting.get(uid);
    if (known?.conditions === conditions) return;
    const dueAt = this.#clock.now() + settleMs;
    this.#waiting.set(uid, {
      dueAt: known ? Math.min(known.dueAt, dueAt) : dueAt,
      intervalMs: firstIntervalMs,
      conditions,
      said: known?.said ?? new Map(),
    });
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted) {
      await this.#pause(tickMs);
      for (const [uid, waiting] of this.#waiting) {
        if (waiting.dueAt > this.#clock.now()) continue;
        if (signal.aborted) return;
        waiting.dueAt = this.#clock.now() + waiting.intervalMs * (0.8 + Math.random() * 0.4);
        waiting.intervalMs = Math.min(waiting.intervalMs * 2, lastIntervalMs);
        await this.#look(uid, waiting);
        await this.#pause(paceMs);
      }
    }
  }

  async #pause(ms: number): Promise<void> {
    await this.#clock.sleep(ms, this.#abort.signal).catch(() => undefined);
  }

  async #look(uid: string, { said }: Waiting): Promise<void> {
    const claim = this.#options.claims.get(uid);
    if (!claim) return;
    try {
      const conditions = await this.#reader.conditionsOf(claim);
      if (!conditions) return;
      const types = new Set(conditions.map(({ type }) => type));
      for (const type of said.keys()) if (!types.has(type)) said.delete(type);
      for (const condition of conditions) this.#say(claim, condition, said);
    } catch (error) {
      const { namespace, name } = claim.app;
      this.#options.log.debug(
        { namespace, name, reason: describeError(error) },
        'a composite resource was not read',
      );
    }
  }

  #say(claim: FollowedClaim, condition: Condition, said: Waiting['said']): void {
    const message = textToApp(sentenceOf(claim, condition), claim);
    const now = this.#clock.now();
    const before = said.get(condition.type);
    if (before?.message === message && now - before.at < repeatMs) return;
    said.set(condition.type, { message, at: now });
    this.#options.recorder.record(appReference(claim), 'Warning', `CompositeNot${condition.type}`, message);
  }
}

function sentenceOf({ composite }: FollowedClaim, { type, status, reason, message }: Condition): string {
  const because = [reason, message].filter(Boolean).join(': ');
  const said = `${composite?.kind} ${composite?.name} has ${type}=${status}`;
  return because ? `${said}: ${because}` : said;
}
