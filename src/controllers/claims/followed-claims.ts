import { describeError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { CatalogStore } from '../../catalog/catalog.ts';
import { type ConnectedResource, firstVersions, kindKey } from '../../catalog/connected-resource.ts';
import { Informer } from '../../clusters/informer.ts';
import { appClusterLabel } from '../../mapping/identity.ts';
import { type FollowedClaim, followedClaimOf } from '../../mapping/followed-claim.ts';
import type { Link } from '../../upstream/link.ts';
import type { Controller } from '../leader-work.ts';

export interface FollowedClaimsOptions {
  link: Link;
  store: CatalogStore;
  log: Logger;
}

/** The claims of one kind, at one version of the collection. */
export interface FollowedList {
  /** `<plural>.<group>` */
  resource: string;
  /** Of the collection on the control plane. */
  path: string;
  resourceVersion: string;
  claims: FollowedClaim[];
}

/** Called for a claim that is new, has changed or is gone. */
export type ClaimListener = (claim: FollowedClaim) => void;

const maxDeparted = 1_000;
/** Whole claims are read, and parsed in one go each page. */
const pageSize = 100;
/** Nobody waits for a Secret or an Event so long that it counts, and the users' own watches of these claims come first. */
const gatherMs = 200;
/** In the place of a claim without a place in the app cluster. */
const nobodys = { metadata: { name: '' }, uid: '' } as FollowedClaim;

/**
 * The claims of this app cluster on the control plane, in the preferred version of each connected kind, for all who
 * follow them: every event comes once and is parsed once, in the process that serves requests too. A claim that is gone
 * is remembered for a while: what Crossplane says last about it arrives after it.
 */
export class FollowedClaims implements Controller {
  readonly #options: FollowedClaimsOptions;
  readonly #claimListeners = new Set<ClaimListener>();
  readonly #listListeners = new Set<() => void>();
  /** By the path of the collection: a kind whose preferred version changes is followed anew. */
  readonly #followed = new Map<string, { resource: string; informer: Informer<FollowedClaim> }>();
  readonly #present = new Map<string, FollowedClaim>();
  readonly #departed = new Map<string, FollowedClaim>();
  #forget: () => void = () => undefined;

  constructor(options: FollowedClaimsOptions) {
    this.#options = options;
  }

  start(): void {
    this.#forget = this.#options.store.onChange(() => this.#follow());
    this.#follow();
  }

  async stop(): Promise<void> {
    this.#forget();
    this.#claimListeners.clear();
    this.#listListeners.clear();
    await Promise.all([...this.#followed.values()].map(({ informer }) => informer.stop()));
  }

  /** To be called before `start`, as the next. */
  onChange(listener: ClaimListener): void {
    this.#claimListeners.add(listener);
  }

  /** Called when a collection was read whole, and when other kinds are followed. */
  onList(listener: () => void): void {
    this.#listListeners.add(listener);
  }

  /** All claims of every kind, once each collection was read whole; undefined before: nothing is known to be absent then. */
  get lists(): FollowedList[] | undefined {
    const followed = [...this.#followed];
    if (!this.#options.store.current || followed.some(([, { informer }]) => !informer.hasSynced))
      return undefined;
    return followed.map(([path, { resource, informer }]) => ({
      resource,
      path,
      resourceVersion: informer.resourceVersion,
      claims: informer.list().filter(isSomebodys),
    }));
  }

  list(): FollowedClaim[] {
    return [...this.#present.values()];
  }

  /** Undefined when it is gone, or not known yet. */
  get(uid: string): FollowedClaim | undefined {
    return this.#present.get(uid);
  }

  /** Also one that has gone lately. */
  find(uid: string): FollowedClaim | undefined {
    return this.#present.get(uid) ?? this.#departed.get(uid);
  }

  #follow(): void {
    const wanted = new Map(
      firstVersions(
        this.#options.store.current?.groupVersions.flatMap(({ resources }) => resources) ?? [],
      ).map((resource) => [this.#path(resource), resource]),
    );
    for (const [path, { informer }] of this.#followed) {
      if (wanted.has(path)) continue;
      this.#followed.delete(path);
      void informer.stop();
    }
    for (const [path, resource] of wanted) {
      if (this.#followed.has(path)) continue;
      this.#followed.set(path, { resource: kindKey(resource), informer: this.#open(path, resource) });
    }
    const kinds = new Set([...wanted.values()].map(kindKey));
    for (const claim of this.#present.values()) if (!kinds.has(kindKey(claim.resource))) this.#depart(claim);
    this.#tellOfLists();
  }

  #path({ group, version, plural }: ConnectedResource): string {
    const { claimNamespace } = this.#options.link.connection;
    return `/apis/${group}/${version}/namespaces/${claimNamespace}/${plural}`;
  }

  #open(path: string, resource: ConnectedResource): Informer<FollowedClaim> {
    const { link, log } = this.#options;
    const { connection } = link;
    const informer = new Informer<FollowedClaim>({
      client: link.client,
      path,
      query: { labelSelector: `${appClusterLabel}=${connection.clusterID}` },
      pageSize,
      gatherMs,
      transform: (claim) => followedClaimOf(claim, resource, connection) ?? nobodys,
      log,
      onChange: (event) => {
        if (!event) this.#replace(resource, informer.list());
        else if (event.type === 'DELETED') this.#depart(event.object);
        else this.#arrive(event.object);
      },
      onError: (error) => log.debug({ path, reason: describeError(error) }, 'claims cannot be followed'),
    });
    return informer.start();
  }

  #replace(resource: ConnectedResource, claims: readonly FollowedClaim[]): void {
    const listed = new Set(claims.map(({ uid }) => uid));
    const key = kindKey(resource);
    for (const claim of this.#present.values())
      if (kindKey(claim.resource) === key && !listed.has(claim.uid)) this.#depart(claim);
    for (const claim of claims) this.#arrive(claim);
    this.#tellOfLists();
  }

  #arrive(claim: FollowedClaim): void {
    if (!isSomebodys(claim)) return;
    this.#present.set(claim.uid, claim);
    this.#tell(claim);
  }

  #depart(claim: FollowedClaim): void {
    if (!this.#present.delete(claim.uid)) return;
    this.#departed.set(claim.uid, claim);
    if (this.#departed.size > maxDeparted) {
      const [oldest] = this.#departed.keys();
      this.#departed.delete(oldest as string);
    }
    this.#tell(claim);
  }

  #tell(claim: FollowedClaim): void {
    for (const listener of this.#claimListeners) listener(claim);
  }

  #tellOfLists(): void {
    for (const listener of this.#listListeners) listener();
  }
}

function isSomebodys({ uid }: FollowedClaim): boolean {
  return uid !== '';
}
