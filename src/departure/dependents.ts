import type { KubeObject, OwnerReference } from '../apimachinery/objects.ts';
import { inParallel } from '../claim-moves/plan.ts';
import { ApiDirectory, type ListedResource } from '../clusters/api-directory.ts';
import { resourcePath } from '../clusters/api-paths.ts';
import { absentOrThrow, ApiError, type KubeClient } from '../clusters/kube-client.ts';
import { listMetadata } from '../clusters/list-metadata.ts';
import { changeOwners } from '../clusters/owners.ts';
import { connectorFieldManager, leftByClaimAnnotation } from '../mapping/identity.ts';

/** An object of the app cluster that a claim owns. */
export interface Dependent {
  resource: ListedResource;
  namespace: string | undefined;
  name: string;
  /** `<Kind> <name>` of each claim. */
  owners: string[];
  /** Of a connection Secret that the connector has put there: uid of its claim. */
  deliveredFor?: string;
}

export interface Dependents {
  found: Dependent[];
  /** Resources that may not be listed, or could not be: what claims own of them is not known. */
  unknown: string[];
}

/** Whether an owner is a claim that goes out of sight; by group and kind, since not every claim can be asked for. */
export type IsClaim = (owner: OwnerReference) => boolean;

const atOnce = 6;

/** Everything in the app cluster that a claim owns: metadata of every resource that can be listed and patched. */
export async function findDependents(
  app: KubeClient,
  isClaim: IsClaim,
  connectedGroups: ReadonlySet<string>,
): Promise<Dependents> {
  const { resources, failed } = await new ApiDirectory(app).preferred();
  const looked = resources.filter(
    ({ group, plural, verbs }) =>
      !connectedGroups.has(group) && verbs.includes('list') && verbs.includes('patch') && plural !== 'events',
  );
  const found: Dependent[] = [];
  const unknown = failed.filter((version) => !connectedGroups.has(version.split('/')[0] ?? ''));
  await inParallel(looked, atOnce, async (resource) => {
    try {
      found.push(...(await dependentsAmong(app, resource, isClaim)));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      unknown.push(`${resource.plural}${resource.group === '' ? '' : `.${resource.group}`}`);
    }
  });
  return {
    found: found.toSorted((a, b) => (showDependent(a) < showDependent(b) ? -1 : 1)),
    unknown: unknown.toSorted(),
  };
}

async function dependentsAmong(
  app: KubeClient,
  resource: ListedResource,
  isClaim: IsClaim,
): Promise<Dependent[]> {
  const found: Dependent[] = [];
  for (const { metadata } of await listMetadata(app, resourcePath(resource))) {
    const owners = (metadata.ownerReferences ?? []).filter(isClaim);
    if (owners.length === 0) continue;
    found.push({
      resource,
      namespace: metadata.namespace,
      name: metadata.name,
      owners: owners.map(({ kind, name }) => `${kind} ${name}`),
      ...(resource.group === '' && resource.plural === 'secrets' ? deliveredFor(metadata, owners) : {}),
    });
  }
  return found;
}

/** As secret-delivery.ts makes them; `owners` are claims. */
export function deliveredFor(
  { labels }: KubeObject['metadata'],
  owners: readonly OwnerReference[],
): Pick<Dependent, 'deliveredFor'> {
  const claim = owners.find(({ controller }) => controller);
  const isDelivered = claim && labels?.['app.kubernetes.io/managed-by'] === 'mcp-connector';
  return isDelivered ? { deliveredFor: claim.uid } : {};
}

/**
 * Takes the claims out of an object's owners. Once their API is gone, a request for an owner is answered with 404, which the
 * collector takes for an owner that is gone, and deletes the object. A connection Secret remembers its claim, which may be served again.
 */
export async function detach(
  app: KubeClient,
  { resource, namespace, name, deliveredFor: claim }: Dependent,
  isClaim: IsClaim,
): Promise<void> {
  await changeOwners(
    app,
    resourcePath(resource, { namespace, name }),
    connectorFieldManager,
    (owners) => owners.filter((owner) => !isClaim(owner)),
    claim === undefined ? {} : { [leftByClaimAnnotation]: claim },
  );
}

export async function deleteDependent(
  app: KubeClient,
  { resource, namespace, name }: Dependent,
): Promise<void> {
  await app.delete(resourcePath(resource, { namespace, name })).catch(absentOrThrow);
}

export function showDependent({ resource, namespace, name }: Dependent): string {
  const kind = `${resource.plural}${resource.group === '' ? '' : `.${resource.group}`}`;
  return `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`;
}
