import type { KubeObject, Secret } from '../apimachinery/objects.ts';
import { ConnectorError } from '../base/errors.ts';
import { apiName, type ClaimApi } from '../claim-moves/claim-api.ts';
import { CompositionScan } from '../claim-moves/composition-scan.ts';
import { inParallel } from '../claim-moves/plan.ts';
import { ApiDirectory } from '../clusters/api-directory.ts';
import { namespacePath, secretPath } from '../clusters/api-paths.ts';
import { absentOrThrow, ApiError, type KubeClient } from '../clusters/kube-client.ts';
import { adoptionFieldManager } from '../mapping/identity.ts';
import { ArchivedOriginals } from './archived-originals.ts';
import type { AdoptionBlocker, AdoptionBlockerReason } from './blockers.ts';
import { type BothClusters, isCopyOf } from './copies.ts';
import { copyOf } from './copy.ts';
import { Definitions } from './definitions.ts';
import { type Family, readFamily, readObject } from './family.ts';
import { checkFamily } from './family-check.ts';
import { type Adoption, AdoptionLedger, type AdoptionRecord, isAtEnd } from './ledger.ts';
import {
  type AdoptedObject,
  appUid,
  controlPlanePath,
  type Member,
  type ObjectPlace,
  showMember,
} from './member.ts';
import { checkOrigin } from './origin-check.ts';
import { ClusterOriginals, type Originals } from './originals.ts';
import { PlatformCheck } from './platform-check.ts';
import { missingRights } from './rights.ts';
import type { StoredArchive } from './stored-archive.ts';

/** One claim of a plan: what will be done, and what stands in its way. */
export interface PlannedAdoption {
  /** `<plural>.<group>` */
  resource: string;
  /** In the app cluster. */
  namespace: string;
  name: string;
  /** On the control plane. */
  to: ObjectPlace;
  composite?: string;
  /** How many objects are behind the composite resource. */
  composed: number;
  state: 'ready' | 'blocked' | 'under-way' | 'adopted' | 'finished';
  blockers: AdoptionBlocker[];
  warnings: string[];
  record: AdoptionRecord;
}

export interface AdoptionTarget {
  clusterID: string;
  claimNamespace: string;
}

export interface SelectedAppClaim {
  api: ClaimApi;
  claim: AdoptedObject;
}

const atOnce = 16;

/**
 * Plans adoptions without a write, of claims of the app cluster or, with an archive, of those in it. Throws ConnectorError `rights-missing`,
 * with every right that is missing, and `no-namespace`.
 */
export async function planAdoptions(
  clusters: BothClusters,
  claims: readonly SelectedAppClaim[],
  target: AdoptionTarget,
  ignored: readonly AdoptionBlockerReason[],
  archive?: StoredArchive,
): Promise<PlannedAdoption[]> {
  const { app, controlPlane } = clusters;
  await requireNamespace(clusters, target.claimNamespace);
  const originals: Originals = archive
    ? new ArchivedOriginals(archive, target.clusterID)
    : new ClusterOriginals(app);
  // An archive has no kinds: what is missing of the platform is seen on the control plane, and nothing can be compared.
  const home = archive ? controlPlane : app;
  const directory = new ApiDirectory(home);
  const definitions = new Definitions(home);
  const ledger = new AdoptionLedger(controlPlane, target.claimNamespace);
  const platform = new PlatformCheck({ app: home, controlPlane });
  const scan = new CompositionScan(home);
  const begun = await begunIn(ledger);
  const looked = await inParallel(claims, atOnce, async ({ api, claim }) => {
    const known = begun.get(claim.metadata.uid ?? '');
    return (
      known ?? { api, family: await readFamily(claim, { originals, directory, definitions, api, ...target }) }
    );
  });
  const members = looked.flatMap((one) => ('family' in one ? one.family.members : one.record.members));
  await requireRights(clusters, members, target, archive !== undefined);
  return await inParallel(looked, atOnce, async (one) => {
    if (!('family' in one)) return plannedOf(one);
    const { api, family } = one;
    const record: AdoptionRecord = {
      api,
      clusterID: target.clusterID,
      claimNamespace: target.claimNamespace,
      members: family.members,
      secrets: family.secrets,
      ...(archive ? { isFromArchive: true, archive: archive.digest } : {}),
    };
    const { blockers, warnings } = checkFamily(family, api);
    if (archive) blockers.push(...(await checkOrigin(app, family.members, archive)));
    blockers.push(...(await platform.look(api, family.members, family.objects)));
    blockers.push(...(await readsClaim(scan, family)));
    const judged = blockers.filter(({ reason }) => !ignored.includes(reason));
    if (judged.length === 0) judged.push(...(await tryTarget(controlPlane, originals, family, record)));
    return {
      ...shownOf(record),
      state: judged.length > 0 ? 'blocked' : 'ready',
      blockers: judged,
      warnings: [
        ...blockers.filter(({ reason }) => ignored.includes(reason)).map(({ message }) => message),
        ...warnings,
      ],
      record,
    };
  });
}

/** What was begun is taken up as it was begun. */
export function plannedOf({ phase, record }: Adoption): PlannedAdoption {
  const isEnded = isAtEnd(phase) && phase !== 'restoring';
  const state = phase === 'adopted' ? 'adopted' : isEnded ? 'finished' : 'under-way';
  return {
    ...shownOf(record),
    state,
    blockers: [],
    warnings:
      state === 'under-way'
        ? [
            `it was begun before (${phase})${record.reason === undefined ? '' : ` and stopped: ${record.reason}`}`,
          ]
        : [],
    record,
  };
}

function shownOf(
  record: AdoptionRecord,
): Pick<PlannedAdoption, 'resource' | 'namespace' | 'name' | 'to' | 'composite' | 'composed'> {
  const [claim, composite, ...composed] = record.members as [Member, Member | undefined, ...Member[]];
  return {
    resource: apiName(record.api),
    namespace: claim.from.namespace ?? '',
    name: claim.from.name,
    to: claim.to,
    ...(composite ? { composite: composite.from.name } : {}),
    composed: composed.length,
  };
}

/** By the uid of the claim. */
async function begunIn(ledger: AdoptionLedger): Promise<Map<string, Adoption>> {
  const all = (await ledger.list()).filter(({ phase }) => phase !== 'planned' && phase !== 'undone');
  return new Map(all.map((one) => [appUid(one.record.members[0] as Member), one]));
}

/** The claim's name and namespace change: a composition that makes something of them may mean another account. */
async function readsClaim(scan: CompositionScan, { members, objects }: Family): Promise<AdoptionBlocker[]> {
  const found = await Promise.all(
    members.map(async ({ role }, at): Promise<AdoptionBlocker[]> => {
      const spec = objects[at]?.spec;
      const revision = (spec?.['compositionRevisionRef'] as { name?: string } | undefined)?.name;
      if (role !== 'composite' || revision === undefined) return [];
      const result = await scan.of(revision);
      if (result.state !== 'reads') return [];
      const message = `its composition reads the claim's name, namespace or app cluster ("${result.word}" in CompositionRevision ${revision}), which are others on the control plane`;
      return [{ reason: 'ReadsClaim', message }];
    }),
  );
  return found.flat();
}

/** Everything the API server of the control plane checks: names, namespaces, quota, schema to the last field, policies. */
async function tryTarget(
  controlPlane: KubeClient,
  originals: Originals,
  { members, objects }: Family,
  record: AdoptionRecord,
): Promise<AdoptionBlocker[]> {
  const query = { dryRun: 'All', fieldValidation: 'Strict', fieldManager: adoptionFieldManager };
  const tried = members.map(async (member, at): Promise<AdoptionBlocker[]> => {
    const path = controlPlanePath(member);
    const what = showMember(member);
    const there = await readObject(controlPlane, path);
    if (there && isCopyOf(there, member)) return [];
    if (there)
      return [
        {
          reason: 'NameTaken',
          message: `the control plane has another ${member.resource.kind} ${member.to.name}: two objects for one resource in the cloud are what must not be`,
        },
      ];
    try {
      const body = copyOf(objects[at] as AdoptedObject, member, record);
      await controlPlane.create(path.slice(0, path.lastIndexOf('/')), body, { query });
      return [];
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return [{ reason: 'Refused', message: `the control plane refuses ${what}: ${error.message}` }];
    }
  });
  const secrets = record.secrets.map(async ({ from, to, of }): Promise<AdoptionBlocker[]> => {
    if (!(await originals.secretOf(members[of] as Member, from))) return [];
    const there = await controlPlane.get<Secret>(secretPath(to.namespace, to.name)).catch(absentOrThrow);
    if (there)
      return [
        {
          reason: 'SecretExists',
          message: `a Secret ${to.namespace}/${to.name} is on the control plane already: remove it`,
        },
      ];
    const namespace = await controlPlane.get<KubeObject>(namespacePath(to.namespace)).catch(absentOrThrow);
    if (namespace) return [];
    return [
      {
        reason: 'Refused',
        message: `the control plane has no namespace ${to.namespace} for the connection Secret ${to.name}: create it`,
      },
    ];
  });
  return (await Promise.all([...tried, ...secrets])).flat();
}

async function requireNamespace({ controlPlane }: BothClusters, claimNamespace: string): Promise<void> {
  const found = await controlPlane.get<KubeObject>(namespacePath(claimNamespace)).catch(absentOrThrow);
  if (found?.metadata.deletionTimestamp === undefined && found) return;
  throw new ConnectorError(
    'no-namespace',
    `the control plane has no namespace ${claimNamespace}${found ? ' but one that is being deleted' : ''}: create it, it is the claim namespace of this app cluster`,
  );
}

async function requireRights(
  clusters: BothClusters,
  members: readonly Member[],
  target: AdoptionTarget,
  isFromArchive: boolean,
): Promise<void> {
  const missing = await missingRights(clusters, members, target.claimNamespace, isFromArchive);
  const sentences = [
    ...(missing.app.length > 0 ? [`of the app cluster may not ${missing.app.join(', ')}`] : []),
    ...(missing.controlPlane.length > 0
      ? [`of the control plane may not ${missing.controlPlane.join(', ')}`]
      : []),
  ];
  if (sentences.length === 0) return;
  throw new ConnectorError(
    'rights-missing',
    `the account ${sentences.join('; the account ')}: give --kubeconfig and --control-plane-kubeconfig of accounts that may`,
  );
}
