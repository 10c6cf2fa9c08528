import { systemClock } from '../base/clock.ts';
import { ApiError, type KubeClient } from '../clusters/kube-client.ts';
import { listMetadata } from '../clusters/list-metadata.ts';
import { OwnRights, type Right } from '../clusters/own-rights.ts';
import {
  appClusterLabel,
  foregroundFinalizer,
  moveFieldManager,
  orphanFinalizer,
} from '../mapping/identity.ts';
import { apiName, apiVersionOf, type ClaimApi, claimPath, compositePath } from './claim-api.ts';
import { copyOf } from './claim-copy.ts';
import {
  claimFinalizer,
  claimNameLabel,
  claimNamespaceLabel,
  type ClaimObject,
  type CompositeObject,
  conditionOf,
  inUseLabel,
  isAt,
  isPaused,
  isTrue,
  readExactly,
  showPlace,
} from './claim-object.ts';
import { CompositionScan } from './composition-scan.ts';
import { secretObstacle } from './connection-secret.ts';
import type { MoveRecord } from './ledger.ts';
import { nameFault } from './target-names.ts';

/** What can stand in the way of a move, in the order in which it is looked for. */
export const blockerReasons = [
  'InvalidName',
  'NotBound',
  'Deleting',
  'CompositeGone',
  'CompositeDeleting',
  'BoundToAnother',
  'VersionMismatch',
  'InUse',
  'ForeignFinalizer',
  'ExternalSecretStore',
  'NotSynced',
  'Connected',
  'ReadsClaim',
  'SecretExists',
  'TargetExists',
  'TargetTwice',
  'TargetRefused',
] as const;
export type BlockerReason = (typeof blockerReasons)[number];

/** Those that are somebody's to judge. The others would break something, or cannot be carried out. */
export const ignorableReasons: readonly BlockerReason[] = [
  'ForeignFinalizer',
  'NotSynced',
  'Connected',
  'ReadsClaim',
];

export interface Blocker {
  reason: BlockerReason;
  /** One sentence for people, with what to do. */
  message: string;
}

export interface Findings {
  blockers: Blocker[];
  warnings: string[];
  composite?: { name: string; uid: string };
}

export type MoveRequest = Pick<MoveRecord, 'api' | 'from' | 'to' | 'secret' | 'labels' | 'annotations'> & {
  claim: ClaimObject;
};

const settleAttempts = 6;
const settleMs = 1_000;

const ourFinalizers = new Set([claimFinalizer, orphanFinalizer, foregroundFinalizer]);

/** Looks for what stands in the way of moves, without a write. What concerns many claims is read once. */
export class Preflight {
  readonly #client: KubeClient;
  readonly #scan: CompositionScan;
  readonly #composites = new Map<string, Promise<Map<string, string[]>>>();

  constructor(controlPlane: KubeClient) {
    this.#client = controlPlane;
    this.#scan = new CompositionScan(controlPlane);
  }

  async look(asked: MoveRequest): Promise<Findings> {
    const request = await this.#settled(asked);
    const { api, claim, from, to } = request;
    const blockers: Blocker[] = [];
    const warnings: string[] = [];
    const block = (reason: BlockerReason, message: string): void => void blockers.push({ reason, message });

    const fault = nameFault(to.name);
    if (fault !== undefined) block('InvalidName', fault);
    this.#lookAtClaim(request, block, warnings);

    const bound = claim.spec?.resourceRef?.name;
    if (bound === undefined) {
      block(
        'NotBound',
        'it is not bound to a composite resource yet: wait until it is, or delete it and create it anew elsewhere',
      );
      return { blockers, warnings };
    }
    const composite = await readExactly<CompositeObject>(this.#client, compositePath(api, bound));
    if (!composite) {
      block(
        'CompositeGone',
        `its ${api.composite.kind} ${bound} does not exist: let go, the claim would make a new one`,
      );
      return { blockers, warnings };
    }
    await this.#lookAtComposite(request, composite, block, warnings);
    const others = ((await this.#compositesByClaim(api)).get(showPlace(from)) ?? []).filter(
      (name) => name !== bound,
    );
    if (others.length > 0)
      warnings.push(
        `${others.join(', ')} ${others.length === 1 ? 'was' : 'were'} made for the same claim and left behind; not touched`,
      );
    const obstacle = await secretObstacle(this.#client, request);
    if (obstacle !== undefined) block('SecretExists', `${obstacle}: remove it, or move the claim elsewhere`);
    // Whatever else there is: some of it may be ignored.
    if (fault === undefined) await this.#tryTarget(request, block);
    return { blockers, warnings, composite: { name: bound, uid: composite.metadata.uid ?? '' } };
  }

  /** Crossplane loses a race with another writer now and then, says so, and mends it: what it says counts once it lasts. */
  async #settled(request: MoveRequest): Promise<MoveRequest> {
    const { api, from } = request;
    let { claim } = request;
    for (let attempt = 1; attempt <= settleAttempts; attempt++) {
      const bound = claim.spec?.resourceRef?.name;
      const composite =
        bound === undefined
          ? undefined
          : await readExactly<CompositeObject>(this.#client, compositePath(api, bound));
      const isTroubled = !isPaused(claim) && !isTrue(claim, 'Synced');
      if (!isTroubled && conditionOf(composite ?? {}, 'Synced')?.status !== 'False') break;
      await systemClock.sleep(settleMs);
      claim =
        (await readExactly<ClaimObject>(this.#client, claimPath(api, from.namespace, from.name))) ?? claim;
    }
    return { ...request, claim };
  }

  #lookAtClaim({ claim }: MoveRequest, block: Block, warnings: string[]): void {
    const { metadata, spec } = claim;
    if (metadata.deletionTimestamp !== undefined)
      block('Deleting', 'it is being deleted: wait until it is gone');
    if (metadata.labels?.[inUseLabel] === 'true')
      block(
        'InUse',
        `a Usage protects it from deletion (label ${inUseLabel}): remove the Usage, and make one for the new claim afterwards`,
      );
    const foreign = (metadata.finalizers ?? []).filter((finalizer) => !ourFinalizers.has(finalizer));
    if (foreign.length > 0)
      block(
        'ForeignFinalizer',
        `the finalizer ${foreign.join(', ')} is not Crossplane's: whoever set it would take the move for a deletion`,
      );
    if (spec?.publishConnectionDetailsTo !== undefined)
      block(
        'ExternalSecretStore',
        'it publishes connection details to an external store (spec.publishConnectionDetailsTo), where they would stay behind',
      );
    const synced = conditionOf(claim, 'Synced');
    if (isPaused(claim))
      warnings.push('it is paused, and stays paused; what the move waits for then takes a minute');
    else if (synced?.status !== 'True')
      block(
        'NotSynced',
        `Crossplane cannot reconcile it${synced?.message ? ` (${synced.message})` : ''}: mend it first`,
      );
    const cluster = metadata.labels?.[appClusterLabel];
    if (cluster !== undefined)
      block(
        'Connected',
        `the app cluster ${cluster} would see it go, and what it owns there with it: use mcp-connector uninstall`,
      );
  }

  async #lookAtComposite(
    { api, claim, from }: MoveRequest,
    composite: CompositeObject,
    block: Block,
    warnings: string[],
  ): Promise<void> {
    const { kind } = api.composite;
    const { metadata, spec = {} } = composite;
    if (metadata.deletionTimestamp !== undefined)
      block('CompositeDeleting', `its ${kind} ${metadata.name} is being deleted`);
    const { claimRef } = spec;
    if (!isAt(spec, from)) {
      const of = claimRef ? `${claimRef.namespace}/${claimRef.name}` : 'no claim';
      block('BoundToAnother', `its ${kind} ${metadata.name} is bound to ${of}`);
    } else if (claimRef?.apiVersion !== apiVersionOf(api) || claimRef.kind !== api.claim.kind)
      block(
        'VersionMismatch',
        `its ${kind} ${metadata.name} names the claim as ${claimRef?.apiVersion} ${claimRef?.kind}, and Crossplane works with ${apiVersionOf(api)}: correct spec.claimRef.apiVersion first`,
      );
    const synced = conditionOf(composite, 'Synced');
    if (synced?.status === 'False')
      block(
        'NotSynced',
        `Crossplane cannot reconcile its ${kind} ${metadata.name} (${synced.message ?? synced.reason}), so that nothing could be compared: mend it first`,
      );
    const revision = spec.compositionRevisionRef?.name;
    if (revision === undefined) return;
    const scan = await this.#scan.of(revision);
    if (scan.state === 'unknown')
      warnings.push(
        `CompositionRevision ${revision} cannot be read, and was not searched for the claim's name`,
      );
    if (scan.state === 'reads')
      block(
        'ReadsClaim',
        `its composition reads the claim's name, namespace or app cluster ("${scan.word}" in CompositionRevision ${revision}), which may mean another account or other resources`,
      );
    if (!isTrue(claim, 'Ready'))
      warnings.push('it is not Ready, so a change of what it is made of is not noticed');
  }

  /** Everything the API server checks: namespace, quota, schema, policies. */
  async #tryTarget(request: MoveRequest, block: Block): Promise<void> {
    const { api, claim, from, to } = request;
    const record = {
      ...request,
      composite: { name: '', uid: '' },
      direction: 'forward',
      guard: false,
    } as const;
    const query = { dryRun: 'All', fieldManager: moveFieldManager };
    try {
      await this.#client.create(
        claimPath(api, to.namespace),
        copyOf(claim, record, `claim-move-${from.uid}`, 'new'),
        { query },
      );
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.reason === 'AlreadyExists')
        block('TargetExists', `there is a claim ${showPlace(to)} already: give another name`);
      else block('TargetRefused', `the control plane refuses the new claim: ${error.message}`);
    }
  }

  /** Names of composite resources by the claim that their labels name. */
  #compositesByClaim(api: ClaimApi): Promise<Map<string, string[]>> {
    const known = this.#composites.get(apiName(api));
    if (known) return known;
    const read = this.#listComposites(api);
    this.#composites.set(apiName(api), read);
    return read;
  }

  async #listComposites(api: ClaimApi): Promise<Map<string, string[]>> {
    const items = await listMetadata(this.#client, compositePath(api), { labelSelector: claimNameLabel });
    const byClaim = Map.groupBy(items, ({ metadata: { labels = {} } }) =>
      showPlace({ namespace: labels[claimNamespaceLabel] ?? '', name: labels[claimNameLabel] ?? '' }),
    );
    return new Map(
      [...byClaim].map(([place, ofClaim]) => [place, ofClaim.map(({ metadata }) => metadata.name)]),
    );
  }
}

type Block = (reason: BlockerReason, message: string) => void;

/** What a move does, right by right; empty when this account may do all of it. */
export async function missingRights(
  client: KubeClient,
  api: ClaimApi,
  { from, to }: { from: string; to: string },
): Promise<string[]> {
  const { group, claim, composite } = api;
  const claims = ['get', 'list', 'create', 'patch', 'delete'].flatMap((verb): Right[] =>
    [from, to].map((namespace) => ({ verb, group, resource: claim.plural, namespace })),
  );
  const composites = ['get', 'list', 'patch'].map((verb): Right => ({
    verb,
    group,
    resource: composite.plural,
  }));
  const secrets = ['get', 'create', 'patch'].flatMap((verb): Right[] =>
    [from, to].map((namespace) => ({ verb, group: '', resource: 'secrets', namespace })),
  );
  const ledger = ['get', 'list', 'create', 'update'].map((verb): Right => ({
    verb,
    group: '',
    resource: 'configmaps',
    namespace: from,
  }));
  return await new OwnRights(client).missing([...claims, ...composites, ...secrets, ...ledger]);
}
