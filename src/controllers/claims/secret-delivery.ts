import type { ObjectReference, OwnerReference, Secret } from '../../apimachinery/objects.ts';
import { secretPath } from '../../clusters/api-paths.ts';
import { absentOrThrow, ApiError, type KubeClient } from '../../clusters/kube-client.ts';
import { leftByClaimAnnotation } from '../../mapping/identity.ts';

/** A connection secret as it has to be in the app cluster. */
export interface WantedSecret {
  namespace: string;
  name: string;
  type: string;
  data: Record<string, string>;
  /** The claim, as the app cluster refers to it. */
  claim: ObjectReference;
}

/** `message` is a sentence for the claim's author; undefined where nobody is left to read it. */
export type Delivery =
  | { state: 'delivered' | 'updated' | 'unchanged' }
  /** Somebody has to do something first. */
  | { state: 'refused'; message: string }
  /** What is in the way goes by itself. */
  | { state: 'waiting'; message?: string };

/**
 * Makes the Secret in the app cluster what it has to be, if it belongs to the claim or is not there. As Crossplane does for
 * a claim, a Secret belongs to the claim that is its controller; unlike there, what others wrote beside the data stays.
 * One that an uninstall has taken from the claim is given back to it.
 * Throws what another try may cure: conflicts, and answers about the moment.
 */
export async function deliverSecret(client: KubeClient, wanted: WantedSecret): Promise<Delivery> {
  const { namespace, name } = wanted;
  const path = secretPath(namespace, name);
  try {
    const found = await client.get<Secret>(path).catch(absentOrThrow);
    if (!found) {
      await client.create(secretPath(namespace), secretOf(wanted));
      return { state: 'delivered' };
    }
    const present = givenBack(found, wanted.claim) ?? found;
    const obstacle = obstacleIn(present, wanted);
    if (obstacle) return obstacle;
    if (present === found && sameData(present.data, wanted.data)) return { state: 'unchanged' };
    await client.replace(path, { ...present, data: wanted.data });
    return { state: present === found ? 'updated' : 'delivered' };
  } catch (error) {
    const answer = answerAboutSecret(error);
    if (answer) return answer;
    throw error;
  }
}

function secretOf({ namespace, name, type, data, claim }: WantedSecret): Secret {
  const labels = { 'app.kubernetes.io/managed-by': 'mcp-connector' };
  const metadata = { name, namespace, labels, ownerReferences: [ownerOf(claim)] };
  return { apiVersion: 'v1', kind: 'Secret', metadata, type, data };
}

function ownerOf({ apiVersion, kind, name, uid = '' }: ObjectReference): OwnerReference {
  return { apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true };
}

/** The Secret with its claim as owner again, where an uninstall has left it by this very claim; undefined for any other. */
function givenBack(secret: Secret, claim: ObjectReference): Secret | undefined {
  const { [leftByClaimAnnotation]: leftBy, ...annotations } = secret.metadata.annotations ?? {};
  const { ownerReferences = [] } = secret.metadata;
  const isOthers = ownerReferences.some(({ controller }) => controller);
  if (leftBy === undefined || leftBy !== claim.uid || isOthers) return undefined;
  const metadata = {
    ...secret.metadata,
    annotations,
    ownerReferences: [...ownerReferences, ownerOf(claim)],
  };
  return { ...secret, metadata };
}

function obstacleIn({ metadata, type, immutable }: Secret, wanted: WantedSecret): Delivery | undefined {
  const { name, claim } = wanted;
  const owner = metadata.ownerReferences?.find(({ controller }) => controller);
  if (metadata.deletionTimestamp) return { state: 'waiting', message: `the Secret ${name} is being deleted` };
  if (!owner) return refused(wanted, `a Secret ${name} exists that does not belong to the claim`);
  if (owner.uid !== claim.uid) {
    return isEarlierClaim(owner, claim)
      ? { state: 'waiting', message: `the Secret ${name} of an earlier claim of this name has not gone yet` }
      : refused(wanted, `the Secret ${name} belongs to ${owner.kind} ${owner.name}`);
  }
  // Neither can be changed by an update (apis/core/validation ValidateSecretUpdate), and a deletion is not ours to choose.
  if (type !== wanted.type) return refused(wanted, `the Secret ${name} has the type ${type ?? 'Opaque'}`);
  return immutable ? refused(wanted, `the Secret ${name} is immutable`) : undefined;
}

function refused({ name }: WantedSecret, obstacle: string): Delivery {
  return {
    state: 'refused',
    message: `${obstacle}; delete Secret ${name}, or give another name in spec.writeConnectionSecretToRef.name`,
  };
}

/** The claim was deleted and made again: the collector is about to find that the Secret's owner is gone. */
function isEarlierClaim(owner: OwnerReference, claim: ObjectReference): boolean {
  return (
    owner.kind === claim.kind &&
    owner.name === claim.name &&
    groupOf(owner.apiVersion) === groupOf(claim.apiVersion)
  );
}

/** Answers that another try at once would get again. */
function answerAboutSecret(error: unknown): Delivery | undefined {
  if (!(error instanceof ApiError)) return undefined;
  const { status, message } = error;
  // The namespace is gone, or about to go: the plugin NamespaceLifecycle says that with a 403.
  if (status === 404 || (status === 403 && message.includes('because it is being terminated')))
    return { state: 'waiting' };
  return [400, 403, 413, 422].includes(status) ? { state: 'refused', message } : undefined;
}

function sameData(a: Record<string, string> = {}, b: Record<string, string> = {}): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}

function groupOf(apiVersion: string): string {
  return apiVersion.split('/')[0] as string;
}
