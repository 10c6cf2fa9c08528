import type { KubeList, KubeObject } from '../../apimachinery/objects.ts';
import { type Clock, systemClock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { Metrics } from '../../base/metrics.ts';
import { namespacePath } from '../../clusters/api-paths.ts';
import type { ClaimNamespaces } from '../../clusters/claim-namespaces.ts';
import type { NamespaceRecord } from '../../clusters/connection-state.ts';
import { type KubeClient, metadataListAccept } from '../../clusters/kube-client.ts';
import { appClusterLabel, appNamespaceLabel } from '../../mapping/identity.ts';
import type { Link } from '../../upstream/link.ts';
import type { FollowedClaims, FollowedList } from '../claims/followed-claims.ts';
import type { Controller } from '../leader-work.ts';
import { ReconcileLoop } from '../reconcile-loop.ts';

export interface ClaimNamespacesRecordOptions {
  /** The app cluster. */
  client: KubeClient;
  link: Link;
  claims: Pick<FollowedClaims, 'lists' | 'onChange' | 'onList'>;
  record: ClaimNamespaces;
  log: Logger;
  metrics: Metrics;
  clock?: Clock;
}

/** Claims that come with one another make one pass. */
const settleMs = 200;
const repeatMs = 300_000;
const retryMs = 15_000;

/**
 * Keeps the record of the namespaces that hold claims: adds what others wrote to the control plane, says of which resources
 * all claims are accounted for, and drops a namespace only when it is gone from the app cluster and holds no claim.
 */
export class ClaimNamespacesRecord implements Controller {
  readonly #options: ClaimNamespacesRecordOptions;
  readonly #clock: Clock;
  readonly #loop: ReconcileLoop;
  #seeded = '';
  #isFull = false;
  #wholeAt = Number.NEGATIVE_INFINITY;
  #homeless = '';

  constructor(options: ClaimNamespacesRecordOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#loop = new ReconcileLoop({
      reconcile: (signal) => this.#reconcile(signal),
      onFault: (reason) =>
        options.log.warn({ reason }, 'the record of namespaces with claims cannot be kept'),
      settleMs,
      repeatMs,
      retryMs,
      clock: this.#clock,
    });
  }

  start(): void {
    const { claims, record } = this.#options;
    claims.onChange(({ app }) => {
      if (!record.isKnown(app.namespace)) this.#loop.wake();
    });
    claims.onList(() => this.#loop.wake());
    this.#loop.start();
  }

  stop(): Promise<void> {
    return this.#loop.stop();
  }

  async #reconcile(signal: AbortSignal): Promise<void> {
    const { lists } = this.#options.claims;
    if (lists) await this.#settle(lists, signal);
  }

  /** Costs nothing where every claim lies in a namespace that is known, and the last whole pass was not long ago. */
  async #settle(lists: readonly FollowedList[], signal: AbortSignal): Promise<void> {
    const { record } = this.#options;
    const seeded = lists.map(({ resource }) => resource).toSorted();
    const holding = new Set(lists.flatMap(({ claims }) => claims.map(({ app }) => app.namespace)));
    const isNew = [...holding].some((namespace) => !record.isKnown(namespace));
    const isDue = this.#clock.now() - this.#wholeAt >= repeatMs;
    if (this.#isFull && !isDue) return;
    if (!isNew && !isDue && this.#seeded === seeded.join()) return;
    const there = await this.#appNamespaces(signal);
    const gone = isDue ? await this.#emptied(there, holding, lists, signal) : {};
    const result = await record.change((old) => settled(old, { seeded, holding, there, gone }));
    this.#isFull = result.isFull === true;
    if (this.#isFull) {
      const { log } = this.#options;
      log.error('too many namespaces hold claims to be recorded: in an outage none is known to be empty');
    }
    this.#seeded = seeded.join();
    if (isDue) this.#wholeAt = this.#clock.now();
    this.#report(lists, there);
  }

  /** Uids by name, as they are now. */
  async #appNamespaces(signal: AbortSignal): Promise<Map<string, string>> {
    const there = new Map<string, string>();
    let page: string | undefined;
    do {
      const list = await this.#options.client.get<KubeList<KubeObject>>(namespacePath(), {
        query: { limit: '500', ...(page ? { continue: page } : {}) },
        accept: metadataListAccept,
        signal,
      });
      for (const { metadata } of list.items ?? []) there.set(metadata.name, metadata.uid ?? '');
      page = list.metadata.continue;
    } while (page);
    return there;
  }

  /** Those recorded that are gone from the app cluster and, by a consistent read of every resource, hold nothing. */
  async #emptied(
    there: ReadonlyMap<string, string>,
    holding: ReadonlySet<string>,
    lists: readonly FollowedList[],
    signal: AbortSignal,
  ): Promise<Record<string, string>> {
    const { record, link } = this.#options;
    const emptied: Record<string, string> = {};
    const { namespaces } = await record.change((old) => old);
    for (const [namespace, uid] of Object.entries(namespaces)) {
      if (there.has(namespace) || holding.has(namespace)) continue;
      const labelSelector = `${appClusterLabel}=${link.connection.clusterID},${appNamespaceLabel}=${namespace}`;
      let isEmpty = true;
      for (const { path } of lists) {
        const { items } = await link.client.get<KubeList<KubeObject>>(path, {
          query: { labelSelector, limit: '1' },
          accept: metadataListAccept,
          signal,
        });
        if ((items ?? []).length > 0) isEmpty = false;
      }
      if (isEmpty) emptied[namespace] = uid;
    }
    return emptied;
  }

  /** Claims cost money after their namespace has gone, and nobody of the app cluster sees them there. */
  #report(lists: readonly FollowedList[], there: ReadonlyMap<string, string>): void {
    const homeless = lists.flatMap(({ resource, claims }) =>
      claims
        .filter(({ app }) => !there.has(app.namespace))
        .map(({ app }) => `${resource} ${app.namespace}/${app.name}`),
    );
    this.#options.metrics.claimsWithoutNamespace.set(homeless.length);
    const text = homeless.toSorted().slice(0, 20).join(', ');
    if (text !== this.#homeless && text !== '') {
      this.#options.log.warn(
        { count: homeless.length, claims: text },
        'claims are left of namespaces that are gone; "mcp-connector doctor" lists them',
      );
    }
    this.#homeless = text;
  }
}

interface Pass {
  seeded: string[];
  /** Namespaces with claims. */
  holding: ReadonlySet<string>;
  /** Namespaces of the app cluster. */
  there: ReadonlyMap<string, string>;
  /** What may be dropped, unless it was recorded anew in between. */
  gone: Record<string, string>;
}

/** The record after a pass. */
function settled({ namespaces }: NamespaceRecord, { seeded, holding, there, gone }: Pass): NamespaceRecord {
  const kept = Object.entries(namespaces).filter(([namespace, uid]) => gone[namespace] !== uid);
  const added = [...holding]
    .filter((namespace) => !(namespace in namespaces))
    .map((namespace) => [namespace, there.get(namespace) ?? ''] as const);
  return { seeded, namespaces: Object.fromEntries([...kept, ...added]) };
}
