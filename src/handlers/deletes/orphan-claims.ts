import type { KubeObject } from '../../apimachinery/objects.ts';
import { alreadyExists, StatusError } from '../../apimachinery/status.ts';
import type { UserInfo } from '../../authentication/user-info.ts';
import type { NamespaceDeletionPolicy } from '../../catalog/namespace-deletion.ts';
import {
  appClusterLabel,
  appNameLabel,
  connectorFieldManager,
  isOwnerAnnotation,
  orphanedByLabel,
  orphanedFromLabel,
} from '../../mapping/identity.ts';
import {
  answerRefusal,
  ask,
  askForNames,
  type ClaimRequest,
  groupResource,
  hashedName,
  type NamedClaimRequest,
  thrownRefusal,
  wanted,
} from '../claim-request.ts';
import { readDeleteOptions } from './delete-options.ts';
import { askOfNothing } from './deletecollection.ts';
import { selectOwn } from '../lists/list.ts';

/** Claims that were left on the control plane, of one kind and namespace. */
export interface OrphanedClaims {
  namespace: string;
  /** `<plural>.<group>` */
  resource: string;
  /** In the app cluster. */
  names: string[];
}

export interface OrphanDependencies {
  namespaceDeletion: (resource: { plural: string; group: string }) => NamespaceDeletionPolicy;
  /** True for a namespace that is on its way out, or gone, by the app cluster's own word. */
  isLeaving: (namespace: string) => Promise<boolean>;
  onOrphaned: (orphaned: OrphanedClaims) => void;
}

/** Of kube-controller-manager, with and without credentials of its own for each controller. */
const collectors = new Set([
  'system:serviceaccount:kube-system:generic-garbage-collector',
  'system:kube-controller-manager',
]);

/** True for a deletecollection that has to leave the claims where they are. */
export async function isOrphaning(
  { info, resource }: ClaimRequest,
  dependencies: OrphanDependencies,
): Promise<boolean> {
  if (dependencies.namespaceDeletion(resource) !== 'orphan') return false;
  return await dependencies.isLeaving(info.namespace as string);
}

/**
 * True for the delete of a claim whose owner went with the namespace: the collector may come before the namespace
 * controller, and must not take what was to stay. What a user deletes by name is deleted.
 */
export async function isOrphaningOfCollector(
  request: NamedClaimRequest,
  user: UserInfo,
  dependencies: OrphanDependencies,
): Promise<boolean> {
  return collectors.has(user.name) && (await isOrphaning(request, dependencies));
}

/** In place of a deletecollection, or of the delete of `name`: answers as one that has deleted them. */
export async function orphanClaims(
  request: ClaimRequest,
  dependencies: OrphanDependencies,
  name?: string,
): Promise<void> {
  const { exchange, info, resource } = request;
  const namespace = info.namespace as string;
  const collection = { ...request, info: { ...info, name: undefined, verb: 'list' as const } };
  const asked = wanted(request).query;
  const options = await readDeleteOptions(request, asked, (sent) => askOfNothing(collection, sent));
  const query = new URLSearchParams();
  for (const key of ['labelSelector', 'fieldSelector']) query.set(key, asked.get(key) ?? '');
  if (name !== undefined) query.set('fieldSelector', `metadata.name=${name}`);
  selectOwn(collection, query);
  const answer = await askForNames(collection, query);
  if (answer.status >= 300) return answerRefusal(collection, answer, undefined);
  // Go prints an empty list of metadata as null.
  const { items } = JSON.parse(answer.body.toString('utf8')) as { items: KubeObject[] | null };
  const names: string[] = [];
  try {
    for (const { metadata } of items ?? []) {
      // One that was deleted before is on its way, and shown until it is gone.
      if (metadata.deletionTimestamp !== undefined || options.dryRun) continue;
      const app = { namespace, name: metadata.labels?.[appNameLabel] ?? '' };
      if (await orphan({ ...collection, app }, metadata)) names.push(app.name);
    }
  } finally {
    const orphaned = { namespace, resource: `${resource.plural}.${resource.group}`, names };
    if (names.length > 0) dependencies.onOrphaned(orphaned);
  }
  const done = '{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Success"}\n';
  exchange.answerObject(200, {}, Buffer.from(done));
}

/**
 * Takes a claim out of the app cluster's sight, and beyond the reach of its users: every request is narrowed by the label
 * that goes. Its owners go too; they end with the namespace, and would take the claim along when it comes back.
 */
async function orphan(
  request: NamedClaimRequest,
  { uid, ...metadata }: KubeObject['metadata'],
): Promise<boolean> {
  const { app, link } = request;
  const labels = {
    [appClusterLabel]: null,
    [orphanedByLabel]: link.connection.clusterID,
    [orphanedFromLabel]: app.namespace,
  };
  const owners = Object.keys(metadata.annotations ?? {}).filter(isOwnerAnnotation);
  const annotations = Object.fromEntries(owners.map((key) => [key, null]));
  const answer = await ask(request, {
    method: 'PATCH',
    app,
    query: new URLSearchParams({ fieldManager: connectorFieldManager }),
    type: 'application/merge-patch+json',
    body: Buffer.from(JSON.stringify({ metadata: { uid, labels, annotations } })),
  });
  if (answer.status === 404) return false;
  if (answer.status >= 300) {
    const asked = { ...request, info: { ...request.info, verb: 'patch' as const } };
    throw await thrownRefusal(asked, answer, app);
  }
  return true;
}

/** 409 with the way to take an orphan back, where one has the name; undefined where it is taken by anything else. */
export async function nameOfOrphan(request: NamedClaimRequest): Promise<StatusError | undefined> {
  const { app, link, resource } = request;
  const asked = { ...request, info: { ...request.info, subresource: undefined } };
  const answer = await ask(asked, { method: 'GET', app });
  if (answer.status !== 200) return undefined;
  const { labels = {} } = (JSON.parse(answer.body.toString('utf8')) as KubeObject).metadata;
  const { clusterID, claimNamespace } = link.connection;
  const isOurs = labels[orphanedByLabel] === clusterID && labels[orphanedFromLabel] === app.namespace;
  if (!isOurs || labels[appClusterLabel] !== undefined || labels[appNameLabel] !== app.name) return undefined;
  const command =
    `kubectl label ${resource.plural}.${resource.group} ${hashedName(request, app)} -n ${claimNamespace} ` +
    `${appClusterLabel}=${clusterID} ${orphanedByLabel}- ${orphanedFromLabel}-`;
  const why = `it was left on the control plane when the namespace ${app.namespace} was deleted; to take it back, run there: ${command}`;
  const taken = alreadyExists(groupResource(request), app.name);
  return new StatusError(409, taken.reason, `${taken.message}: ${why}`, taken.details);
}
