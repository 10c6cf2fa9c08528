import type { OwnerReference, Secret } from '../apimachinery/objects.ts';
import { ConnectorError } from '../base/errors.ts';
import { secretPath } from '../clusters/api-paths.ts';
import { absentOrThrow, type KubeClient } from '../clusters/kube-client.ts';
import { moveFieldManager } from '../mapping/identity.ts';
import { apiVersionOf } from './claim-api.ts';
import type { ClaimObject } from './claim-object.ts';
import type { MoveRecord } from './ledger.ts';

const query = { fieldManager: moveFieldManager };

/**
 * Gives the new claim its connection Secret, owned by it, before Crossplane looks for one: there is no moment without, also
 * where the composite resource is not Ready. Without the owner it would stay for ever, since Crossplane does not write
 * a Secret whose data is right already (claim/connection.go).
 */
export async function handOverSecret(
  client: KubeClient,
  record: MoveRecord,
  next: ClaimObject,
): Promise<void> {
  if (!record.secret) return;
  const { from, to, secret } = record;
  const path = secretPath(to.namespace, secret.to);
  const owner = ownerOf(record, next);
  const there = await client.get<Secret>(path).catch(absentOrThrow);
  if (there) {
    const uid = controllerOf(there)?.uid;
    if (uid === owner.uid) return;
    if (uid !== from.uid) throw taken(to.namespace, secret.to);
    await changeOwner(client, path, there, owner);
    return;
  }
  const source = await client.get<Secret>(secretPath(from.namespace, secret.from)).catch(absentOrThrow);
  // None yet, or none of this claim's: Crossplane makes it.
  if (!source || controllerOf(source)?.uid !== from.uid) return;
  const { labels, annotations } = source.metadata;
  await client.create(
    secretPath(to.namespace),
    {
      apiVersion: 'v1',
      kind: 'Secret',
      type: source.type,
      data: source.data,
      metadata: {
        name: secret.to,
        namespace: to.namespace,
        ...(labels ? { labels } : {}),
        ...(annotations ? { annotations } : {}),
        ownerReferences: [owner],
      },
    },
    { query },
  );
}

/** Where both claims have one and the same Secret, the old one gets it back; a copy goes with the new claim. */
export async function returnSecret(
  client: KubeClient,
  record: MoveRecord,
  old: ClaimObject,
  next: ClaimObject,
): Promise<void> {
  if (!record.secret) return;
  const { from, secret } = record;
  const path = secretPath(from.namespace, secret.from);
  const there = await client.get<Secret>(path).catch(absentOrThrow);
  if (!there || controllerOf(there)?.uid !== next.metadata.uid) return;
  await changeOwner(client, path, there, ownerOf(record, old));
}

/** Why the new claim could not have this Secret; undefined where it can. */
export async function secretObstacle(
  client: KubeClient,
  { from, to, secret }: Pick<MoveRecord, 'from' | 'to' | 'secret'>,
): Promise<string | undefined> {
  if (!secret) return undefined;
  const there = await client.get<Secret>(secretPath(to.namespace, secret.to)).catch(absentOrThrow);
  if (!there || controllerOf(there)?.uid === from.uid) return undefined;
  return taken(to.namespace, secret.to).message;
}

function taken(namespace: string, name: string): ConnectorError {
  return new ConnectorError(
    'secret-taken',
    `a Secret ${namespace}/${name} is there already, and not of this claim`,
  );
}

async function changeOwner(
  client: KubeClient,
  path: string,
  secret: Secret,
  owner: OwnerReference,
): Promise<void> {
  const others = (secret.metadata.ownerReferences ?? []).filter(({ controller }) => !controller);
  const { resourceVersion } = secret.metadata;
  await client.patch(path, { metadata: { resourceVersion, ownerReferences: [...others, owner] } }, { query });
}

function ownerOf({ api }: MoveRecord, { metadata: { name, uid = '' } }: ClaimObject): OwnerReference {
  const { kind } = api.claim;
  return { apiVersion: apiVersionOf(api), kind, name, uid, controller: true, blockOwnerDeletion: true };
}

function controllerOf({ metadata }: Secret): OwnerReference | undefined {
  return metadata.ownerReferences?.find(({ controller }) => controller);
}
