import type { ObjectReference } from '../apimachinery/objects.ts';
import { parseLossless } from '../apimachinery/lossless-json.ts';
import type { ClaimApi } from '../claim-moves/claim-api.ts';
import type { ApiDirectory } from '../clusters/api-directory.ts';
import { absentOrThrow, type KubeClient } from '../clusters/kube-client.ts';
import { controlPlaneName } from '../mapping/identity.ts';
import type { Definitions } from './definitions.ts';
import type { SecretCopy } from './ledger.ts';
import type { AdoptedObject, Member, ObjectPlace } from './member.ts';
import type { Originals } from './originals.ts';

/** A claim of the app cluster with everything behind it. */
export interface Family {
  members: Member[];
  /** Beside `members`. */
  objects: AdoptedObject[];
  secrets: SecretCopy[];
  /** References that lead to nothing, a sentence each. */
  dangling: string[];
}

/** Composite resources within composite resources. */
const maxDepth = 5;

export interface FamilyOptions {
  originals: Originals;
  /** Of a cluster that has the kinds. */
  directory: ApiDirectory;
  definitions: Definitions;
  api: ClaimApi;
  clusterID: string;
  claimNamespace: string;
}

/** Reads the tree below a claim. What has changed when it is read again is another family. */
export async function readFamily(claim: AdoptedObject, options: FamilyOptions): Promise<Family> {
  const { api, clusterID, claimNamespace } = options;
  const { name, namespace = '', uid = '' } = claim.metadata;
  const { group, version } = api;
  const family: Family = { members: [], objects: [], secrets: [], dangling: [] };
  add(family, claim, {
    role: 'claim',
    resource: { group, version, ...api.claim },
    from: { namespace, name, uid },
    to: { namespace: claimNamespace, name: controlPlaneName('claim', { namespace, name }, clusterID) },
  });
  const secret = claim.spec?.writeConnectionSecretToRef?.name;
  if (secret !== undefined)
    family.secrets.push({
      from: { namespace, name: secret },
      to: {
        namespace: claimNamespace,
        name: controlPlaneName('claim', { namespace, name: secret }, clusterID),
      },
      of: 0,
    });
  const bound = claim.spec?.['resourceRef'] as Partial<ObjectReference> | undefined;
  if (bound?.name === undefined) return family;
  const xr: Member = {
    role: 'composite',
    resource: { group, version, ...api.composite },
    from: { name: bound.name, uid: '' },
    to: { name: bound.name },
  };
  await addTree(family, xr, maxDepth, options);
  return family;
}

async function addTree(family: Family, member: Member, depth: number, options: FamilyOptions): Promise<void> {
  const object = await options.originals.read(member);
  if (!object) {
    family.dangling.push(`${member.resource.kind} ${member.from.name} does not exist`);
    return;
  }
  member.from.uid = object.metadata.uid ?? '';
  const at = add(family, object, member);
  const secret = object.spec?.writeConnectionSecretToRef;
  if (secret?.name !== undefined && secret.namespace !== undefined) {
    const place = { namespace: secret.namespace, name: secret.name };
    family.secrets.push({ from: place, to: place, of: at });
  }
  if (member.role !== 'composite') return;
  const references = (object.spec?.['resourceRefs'] ?? []) as Partial<ObjectReference>[];
  for (const { apiVersion, kind, name, namespace } of references) {
    // Crossplane writes down what it is about to make before it has a name.
    if (apiVersion === undefined || kind === undefined || name === undefined) continue;
    const child = await memberOf({ apiVersion, kind, name, namespace }, options);
    if (!child) family.dangling.push(`there is no kind ${kind} of ${apiVersion}`);
    else if (depth === 1) family.dangling.push(`${kind} ${name} is too deep`);
    else await addTree(family, { ...child, owner: at }, depth - 1, options);
  }
}

async function memberOf(
  reference: ObjectReference,
  { directory, definitions }: FamilyOptions,
): Promise<Member | undefined> {
  const { name, namespace } = reference;
  const resource = await directory.resourceOf(reference).catch(absentOrThrow);
  if (!resource) return undefined;
  const { group, version, plural, kind } = resource;
  const categories = (await definitions.of(resource))?.categories ?? [];
  const place: ObjectPlace = resource.namespaced ? { namespace: namespace ?? 'default', name } : { name };
  return {
    role: categories.includes('composite') ? 'composite' : 'composed',
    resource: { group, version, plural, kind },
    from: { ...place, uid: '' },
    to: place,
    ...(categories.includes('managed') ? { isManaged: true } : {}),
  };
}

function add(family: Family, object: AdoptedObject, member: Member): number {
  family.objects.push(object);
  return family.members.push(member) - 1;
}

/** Undefined where it is not there. */
export async function readObject(client: KubeClient, path: string): Promise<AdoptedObject | undefined> {
  const text = await client.getText(path).catch(absentOrThrow);
  return text === undefined ? undefined : (parseLossless(text) as unknown as AdoptedObject);
}
