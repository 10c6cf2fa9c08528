import {
  getMember,
  isLosslessObject,
  type LosslessJson,
  type LosslessObject,
  printLossless,
  setMember,
} from '../../../src/apimachinery/lossless-json.ts';
import { type AppName, type Connection, controlPlaneName } from '../../../src/mapping/identity.ts';
import { isOwnAnnotation, isOwnLabel } from './arbitrary-claim.ts';

/** The mapping once more, in the plainest way: with values instead of bytes. For documents without duplicate keys. */

export const connection: Connection = {
  clusterID: '00000000-0000-0000-0000-000000000000',
  claimNamespace: 'claims-1',
};
export const app: AppName = { namespace: 'team-a', name: 'my-cluster' };

const finalizersThere: [string, string][] = [
  ['orphan', 'mcp-connector-k8s.io/orphan'],
  ['foregroundDeletion', 'mcp-connector-k8s.io/foreground-deletion'],
];

function asObject(value: LosslessJson | undefined): LosslessObject {
  return isLosslessObject(value) ? value : {};
}

function entriesWithout(
  map: LosslessJson | undefined,
  isOwn: (key: string) => boolean,
): [string, LosslessJson][] {
  return Object.entries(asObject(map)).filter(([key]) => !isOwn(key));
}

export function objectOf(entries: readonly (readonly [string, LosslessJson])[]): LosslessObject {
  const object: LosslessObject = {};
  for (const [key, value] of entries) setMember(object, key, value);
  return object;
}

function secretName(claim: LosslessObject): string | undefined {
  const name = getMember(
    asObject(getMember(asObject(getMember(claim, 'spec')), 'writeConnectionSecretToRef')),
    'name',
  );
  return typeof name === 'string' && name !== '' ? name : undefined;
}

function withSecretName(claim: LosslessObject, name: string): void {
  const spec = asObject(getMember(claim, 'spec'));
  setMember(asObject(getMember(spec, 'writeConnectionSecretToRef')), 'name', name);
}

export function referenceToControlPlane(claim: LosslessObject): LosslessObject {
  const mapped = structured(claim);
  const metadata = asObject(getMember(mapped, 'metadata'));
  const annotations = entriesWithout(getMember(metadata, 'annotations'), isOwnAnnotation);
  const secret = secretName(claim);
  if (secret !== undefined) {
    withSecretName(mapped, controlPlaneName('claim', { ...app, name: secret }, connection.clusterID));
    annotations.push(['mcp-connector-k8s.io/connection-secret-name', secret]);
  }
  const owners = getMember(metadata, 'ownerReferences');
  if (Array.isArray(owners)) {
    const uids = owners.map((owner) => getMember(asObject(owner), 'uid') as string);
    owners.forEach((owner, i) =>
      annotations.push([`mcp-connector-k8s.io/owner.${uids[i]}`, printLossless(sorted(owner))]),
    );
    if (uids.join() !== uids.toSorted().join())
      annotations.push(['mcp-connector-k8s.io/owner-order', uids.join()]);
  }
  delete metadata['ownerReferences'];
  setMember(metadata, 'name', controlPlaneName('claim', app, connection.clusterID));
  setMember(metadata, 'namespace', connection.claimNamespace);
  setMember(
    metadata,
    'labels',
    objectOf([
      ...entriesWithout(getMember(metadata, 'labels'), isOwnLabel),
      ['mcp-connector.upbound.io/app-cluster', connection.clusterID],
      ['mcp-connector.upbound.io/app-namespace', app.namespace],
      ['mcp-connector.upbound.io/app-resource-name', app.name],
    ]),
  );
  setMember(metadata, 'annotations', objectOf(annotations));
  const finalizers = getMember(metadata, 'finalizers');
  if (Array.isArray(finalizers)) {
    setMember(
      metadata,
      'finalizers',
      // Both at once are refused there, in the words of the API server.
      finalizersThere.every(([here]) => finalizers.includes(here))
        ? finalizers
        : finalizers.map((one) => finalizersThere.find(([here]) => here === one)?.[1] ?? one),
    );
  }
  setMember(mapped, 'metadata', metadata);
  return withoutEmpty(mapped);
}

/** What the app cluster shall see of its own claim: the claim, without what a user may not set. */
export function referenceRoundTrip(claim: LosslessObject): LosslessObject {
  const mapped = structured(claim);
  const metadata = asObject(getMember(mapped, 'metadata'));
  setMember(metadata, 'name', app.name);
  setMember(metadata, 'namespace', app.namespace);
  setMember(metadata, 'labels', objectOf(entriesWithout(getMember(metadata, 'labels'), isOwnLabel)));
  setMember(
    metadata,
    'annotations',
    objectOf(entriesWithout(getMember(metadata, 'annotations'), isOwnAnnotation)),
  );
  setMember(mapped, 'metadata', metadata);
  return withoutEmpty(mapped);
}

/** Absent, null and empty are the same to the API server in these members. */
export function withoutEmpty(claim: LosslessObject): LosslessObject {
  const mapped = structured(claim);
  const metadata = asObject(getMember(mapped, 'metadata'));
  for (const key of ['labels', 'annotations', 'finalizers', 'ownerReferences']) {
    const value = getMember(metadata, key);
    if (value === null || (typeof value === 'object' && Object.keys(value).length === 0))
      delete metadata[key];
  }
  return mapped;
}

/** A copy; numbers stay the literals they are. */
function structured(value: LosslessObject): LosslessObject {
  return copied(value) as LosslessObject;
}

function copied(value: LosslessJson): LosslessJson {
  if (Array.isArray(value)) return value.map(copied);
  return isLosslessObject(value)
    ? objectOf(Object.entries(value).map(([key, inner]) => [key, copied(inner)]))
    : value;
}

function sorted(value: LosslessJson): LosslessJson {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isLosslessObject(value)) return value;
  return objectOf(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}

/** A text that is equal for equal values, number literals included. */
export function canonical(value: LosslessJson): string {
  return printLossless(sorted(value));
}
