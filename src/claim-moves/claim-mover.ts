import { Backoff, type Clock, systemClock } from '../base/clock.ts';
import { ConnectorError } from '../base/errors.ts';
import type { ApiDirectory } from '../clusters/api-directory.ts';
import { isNotFound, type KubeClient } from '../clusters/kube-client.ts';
import {
  claimMoveAnnotation,
  foregroundFinalizer,
  moveFieldManager,
  orphanFinalizer,
} from '../mapping/identity.ts';
import { apiVersionOf, claimPath, compositePath } from './claim-api.ts';
import { copyOf } from './claim-copy.ts';
import {
  claimFinalizer,
  claimNameLabel,
  claimNamespaceLabel,
  type ClaimObject,
  type CompositeObject,
  conditionOf,
  type Place,
  readExactly,
  showPlace,
} from './claim-object.ts';
import { handOverSecret, returnSecret } from './connection-secret.ts';
import { endGuard, guardFromDeletion, usageKindOf } from './deletion-guard.ts';
import type { Ledger, LedgerEntry, MovePhase } from './ledger.ts';
import { isInSync, nextStep, type Seen, type Step } from './next-step.ts';
import { isPassing } from './passing-errors.ts';
import { pauseClaim, pauseIsSeen, pauseMarkOf, reconcileEndsMs, releaseClaim } from './pause.ts';
import { takeSnapshot } from './snapshot.ts';
import { verify } from './verification.ts';

export interface MoverOptions {
  /** The control plane. */
  client: KubeClient;
  directory: ApiDirectory;
  ledger: Ledger;
  onStep?: (step: Step) => void;
  clock?: Clock;
  patience?: Partial<Patience>;
}

/** In milliseconds. */
export interface Patience {
  /** Until a reconcile that nobody has seen the end of is over. */
  reconcileEnds: number;
  /** For Crossplane to work on a claim or a composite resource that was let go. */
  reconciled: number;
  /** For the API server to be back. */
  unavailable: number;
}

const patience: Patience = { reconcileEnds: reconcileEndsMs, reconciled: 90_000, unavailable: 60_000 };
const pollMs = 150;
/** They go with the old claim: Crossplane's has been taken over by the new one, the others wait for an app cluster that has gone. */
const ownFinalizers = new Set([claimFinalizer, orphanFinalizer, foregroundFinalizer]);

export interface MoveOutcome {
  state: Extract<MovePhase, 'moved' | 'undone' | 'stopped'>;
  /** Why it was taken back, or why it stopped. */
  reason?: string;
}

/** Carries one move out, or takes one up that was cut off, until it has ended or cannot go on. */
export class ClaimMover {
  readonly #options: MoverOptions;
  readonly #clock: Clock;
  readonly #patience: Patience;
  readonly #done = new Set<Step>();
  #entry: LedgerEntry;

  constructor(entry: LedgerEntry, options: MoverOptions) {
    this.#entry = entry;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#patience = { ...patience, ...options.patience };
  }

  /** Throws what no other try may cure, such as a right that is missing: the move can be taken up again after it. */
  async run(): Promise<MoveOutcome> {
    const backoff = new Backoff(200, 5_000);
    let failingSince: number | undefined;
    for (;;) {
      try {
        const outcome = await this.#advance();
        failingSince = undefined;
        backoff.reset();
        if (outcome) return outcome;
      } catch (error) {
        if (!isPassing(error)) throw error;
        failingSince ??= this.#clock.now();
        if (this.#clock.now() - failingSince > this.#patience.unavailable) throw error;
        await this.#clock.sleep(backoff.next());
      }
    }
  }

  async #advance(): Promise<MoveOutcome | undefined> {
    const { from, to } = this.#record;
    const current = await this.#options.ledger.read(from.namespace, from.uid);
    if (!current)
      throw new ConnectorError('ledger-gone', `the ledger ${from.namespace}/${this.#entry.name} was deleted`);
    if (current.record.direction !== this.#record.direction) this.#done.clear();
    this.#entry = current;
    const seen = await this.#look(to);
    const step = nextStep(this.#record, this.#entry.name, seen, this.#done);
    if (typeof step === 'object') {
      await this.#write('stopped', { reason: step.stop });
      return { state: 'stopped', reason: step.stop };
    }
    this.#options.onStep?.(step);
    return await this.#perform(step, seen);
  }

  get #record(): LedgerEntry['record'] {
    return this.#entry.record;
  }

  async #look(to: Place): Promise<Seen> {
    const { api, from, composite } = this.#record;
    const [old, next, xr] = await Promise.all([
      readExactly<ClaimObject>(this.#options.client, claimPath(api, from.namespace, from.name)),
      readExactly<ClaimObject>(this.#options.client, claimPath(api, to.namespace, to.name)),
      readExactly<CompositeObject>(this.#options.client, compositePath(api, composite.name)),
    ]);
    return { old, next, composite: xr };
  }

  async #perform(step: Step, seen: Seen): Promise<MoveOutcome | undefined> {
    const { client } = this.#options;
    const old = seen.old as ClaimObject;
    const next = seen.next as ClaimObject;
    switch (step) {
      case 'pause-old':
        if (this.#entry.phase !== 'moving') await this.#write('moving', {});
        await pauseClaim(client, this.#oldPath, old, this.#entry.name);
        this.#done.delete('await-old');
        break;
      case 'await-old':
        await this.#awaitPause(step, this.#oldPath, old);
        break;
      case 'record':
        await this.#takeSnapshot();
        break;
      case 'guard':
        await this.#guard();
        break;
      case 'create-new':
        await this.#createNew(old);
        break;
      case 'switch':
        await this.#bind(seen, this.#record.to);
        break;
      case 'hand-over-secret':
        await handOverSecret(client, this.#record, next);
        this.#done.add(step);
        break;
      case 'release-new':
        await releaseClaim(client, this.#newPath, next, false);
        break;
      case 'await-new':
        await this.#awaitNew();
        break;
      case 'verify':
        await this.#verify();
        break;
      case 'retire-old':
        return await this.#retire(this.#oldPath, old);
      case 'finish':
        if (next.metadata.annotations?.[claimMoveAnnotation])
          await releaseClaim(client, this.#newPath, next, true);
        return await this.#end('moved');
      case 'pause-new':
        await pauseClaim(client, this.#newPath, next, this.#entry.name);
        this.#done.delete('await-next');
        break;
      case 'await-next':
        await this.#awaitPause(step, this.#newPath, next);
        break;
      case 'switch-back':
        await this.#bind(seen, this.#record.from);
        break;
      case 'turn-forward':
        await this.#write('moving', { direction: 'forward' });
        break;
      case 'return-secret':
        await returnSecret(client, this.#record, old, next);
        this.#done.add(step);
        break;
      case 'release-old':
        await releaseClaim(client, this.#oldPath, old, true);
        break;
      case 'remove-new':
        return await this.#retire(this.#newPath, next);
      case 'finish-back':
        return await this.#end('undone');
    }
    return undefined;
  }

  get #oldPath(): string {
    const { api, from } = this.#record;
    return claimPath(api, from.namespace, from.name);
  }

  get #newPath(): string {
    const { api, to } = this.#record;
    return claimPath(api, to.namespace, to.name);
  }

  async #awaitPause(step: 'await-old' | 'await-next', path: string, claim: ClaimObject): Promise<void> {
    const mark = pauseMarkOf(claim);
    const { client } = this.#options;
    const endsMs = this.#patience.reconcileEnds;
    if (mark && (await pauseIsSeen({ client, path, mark, endsMs, clock: this.#clock }))) this.#done.add(step);
  }

  /** Only now: as long as the claim was not paused, its composite resource could change with it. */
  async #takeSnapshot(): Promise<void> {
    const { client, directory } = this.#options;
    const { api, composite } = this.#record;
    const found = await client.get<CompositeObject>(compositePath(api, composite.name));
    const { snapshot } = await takeSnapshot(client, directory, found);
    await this.#write('moving', { before: snapshot });
  }

  async #guard(): Promise<void> {
    const { client, directory } = this.#options;
    const { api, composite } = this.#record;
    const usage = await usageKindOf(directory);
    if (!usage)
      throw new ConnectorError('guard-failed', 'this control plane has no Usage kind: move without --guard');
    await guardFromDeletion(
      client,
      usage,
      { api, name: composite.name, move: this.#entry.name },
      this.#clock,
    );
    this.#done.add('guard');
  }

  async #createNew(old: ClaimObject): Promise<void> {
    const { api, to, composite } = this.#record;
    const bound = old.spec?.resourceRef?.name;
    // Without it, Crossplane would make a second composite resource.
    if (bound !== composite.name)
      throw new ConnectorError(
        'not-bound',
        `spec.resourceRef of ${showPlace(this.#record.from)} names ${bound ?? 'nothing'} in place of ${composite.name}`,
      );
    const mark = pauseMarkOf(old) === 'before' ? 'new-before' : 'new';
    const body = copyOf(old, this.#record, this.#entry.name, mark);
    const query = { fieldManager: moveFieldManager };
    await this.#options.client.create(claimPath(api, to.namespace), body, { query });
  }

  /**
   * The one write that decides which claim has power over the composite resource. Reference and labels change together, so that
   * nothing is ever composed for a claim that is half the one and half the other.
   */
  async #bind({ composite }: Seen, { namespace, name }: Place): Promise<void> {
    const { api } = this.#record;
    const { resourceVersion, name: composed } = (composite as CompositeObject).metadata;
    const labels = { [claimNameLabel]: name, [claimNamespaceLabel]: namespace };
    const claimRef = { apiVersion: apiVersionOf(api), kind: api.claim.kind, namespace, name };
    await this.#options.client.patch(
      compositePath(api, composed),
      { metadata: { resourceVersion, labels }, spec: { claimRef } },
      { query: { fieldManager: moveFieldManager } },
    );
  }

  /** Where Crossplane says that it cannot work on the new claim, the move is taken back; where it says nothing, it waits. */
  async #awaitNew(): Promise<void> {
    const { name } = this.#record.composite;
    let trouble: string | undefined;
    for (
      const end = this.#clock.now() + this.#patience.reconciled;
      this.#clock.now() < end;
      await this.#clock.sleep(pollMs)
    ) {
      const claim = await readExactly<ClaimObject>(this.#options.client, this.#newPath);
      if (!claim || claim.metadata.deletionTimestamp !== undefined) return;
      const bound = claim.spec?.resourceRef?.name;
      if (bound !== name) return this.#goBack(`the new claim was bound to ${bound ?? 'nothing'}`);
      if (isInSync(claim)) return;
      const synced = conditionOf(claim, 'Synced');
      trouble = synced?.status === 'False' ? (synced.message ?? synced.reason) : undefined;
    }
    if (trouble !== undefined) return this.#goBack(`Crossplane cannot reconcile the new claim: ${trouble}`);
    throw new ConnectorError(
      'not-reconciled',
      `Crossplane has not looked at ${showPlace(this.#record.to)} within ${Math.round(this.#patience.reconciled / 1000)} s; see that it runs, then resume the move`,
    );
  }

  async #verify(): Promise<void> {
    const { client, directory } = this.#options;
    const differences = await verify({
      client,
      directory,
      record: this.#record,
      withinMs: this.#patience.reconciled,
      clock: this.#clock,
    });
    if (differences.length > 0) return this.#goBack(differences.join('; '));
    this.#done.add('verify');
  }

  /** Once the old claim is on its way out there is no way back but another move. */
  async #goBack(reason: string): Promise<void> {
    const old = await readExactly<ClaimObject>(this.#options.client, this.#oldPath);
    const isThere =
      old?.metadata.uid === this.#record.from.uid && old.metadata.deletionTimestamp === undefined;
    if (!isThere) throw new ConnectorError('differs', reason);
    await this.#write('moving', { direction: 'back', reason });
    this.#done.clear();
  }

  /** A claim without power over the composite resource: without its finalizer it goes, and nothing with it but its Secret. */
  async #retire(path: string, claim: ClaimObject): Promise<MoveOutcome | undefined> {
    const { client } = this.#options;
    const { uid, finalizers = [], deletionTimestamp } = claim.metadata;
    const others = finalizers.filter((finalizer) => !ownFinalizers.has(finalizer));
    let { resourceVersion } = claim.metadata;
    if (others.length < finalizers.length) {
      const body = { metadata: { resourceVersion, finalizers: others } };
      const left = await client.patch<ClaimObject>(path, body, { query: { fieldManager: moveFieldManager } });
      resourceVersion = left.metadata.resourceVersion;
    }
    if (deletionTimestamp === undefined) {
      const options = { propagationPolicy: 'Background', preconditions: { uid, resourceVersion } };
      await client.delete(path, options).catch((error: unknown) => {
        if (!isNotFound(error)) throw error;
      });
    }
    if (others.length === 0) return undefined;
    const reason = `${path.split('/').slice(-3).join(' ')} waits for ${others.join(', ')}, which is not Crossplane's: see who set it`;
    await this.#write('stopped', { reason });
    return { state: 'stopped', reason };
  }

  async #end(state: 'moved' | 'undone'): Promise<MoveOutcome> {
    const { client, directory } = this.#options;
    const { guard, reason } = this.#record;
    const usage = guard ? await usageKindOf(directory) : undefined;
    if (usage) await endGuard(client, usage, this.#entry.name);
    await this.#write(state, {});
    return { state, ...(reason === undefined ? {} : { reason }) };
  }

  async #write(phase: MovePhase, change: Partial<LedgerEntry['record']>): Promise<void> {
    const entry = { ...this.#entry, record: { ...this.#record, ...change } };
    this.#entry = await this.#options.ledger.write(entry, phase);
  }
}
