import type { KubeObject } from '../apimachinery/objects.ts';
import { type ConnectedResource, firstVersions, kindKey } from '../catalog/connected-resource.ts';
import { apiName, type ClaimApi, claimPath, readClaimApis } from '../claim-moves/claim-api.ts';
import type { Place } from '../claim-moves/claim-object.ts';
import { Ledger } from '../claim-moves/ledger.ts';
import type { MoveRequest } from '../claim-moves/preflight.ts';
import { appPlaceOf, labelsAs, listSelected, type SelectedClaim } from '../claim-moves/selection.ts';
import { namesWithoutCollisions } from '../claim-moves/target-names.ts';
import { resourcePath, secretPath } from '../clusters/api-paths.ts';
import type { Binding } from '../clusters/connection-state.ts';
import { absentOrThrow, ApiError, isNotFound, type KubeClient } from '../clusters/kube-client.ts';
import { listMetadata } from '../clusters/list-metadata.ts';
import {
  appClusterLabel,
  connectionSecretAnnotation,
  foregroundFinalizer,
  isOwnerAnnotation,
  orphanFinalizer,
} from '../mapping/identity.ts';

/** An object that stays on the control plane where it is. */
export interface KeptObject {
  /** `<plural>.<group>` */
  resource: string;
  /** On the control plane. */
  place: Place;
  uid: string;
  app: Place;
}

export interface DepartingClaims {
  /** Those that are not being deleted. */
  claims: SelectedClaim[];
  /** Namespaced XRs of Crossplane v2: they cannot be moved, and are found again under the same cluster ID. */
  composites: KeptObject[];
}

/** Everything on the control plane that belongs to the app cluster. */
export async function readDepartingClaims(
  client: KubeClient,
  { clusterID, claimNamespace }: Binding,
  resources: readonly ConnectedResource[],
): Promise<DepartingClaims> {
  const selector = `${appClusterLabel}=${clusterID}`;
  const connected = new Set(resources.map(kindKey));
  const lists = (await readClaimApis(client)).map(async (api) =>
    listSelected(client, [api], claimNamespace, selector).catch((error: unknown): SelectedClaim[] => {
      if (connected.has(apiName(api))) throw error;
      // Not of this connector, which may not look at it either; or one whose XRD has just come, or is about to go.
      if (isNotFound(error) || (error instanceof ApiError && error.status === 403)) return [];
      throw error;
    }),
  );
  const claims = (await Promise.all(lists)).flat();
  const composites = firstVersions(resources)
    .filter(({ prefix }) => prefix === 'nxr')
    .map(async (resource) => {
      const path = resourcePath(resource, { namespace: claimNamespace });
      const items = await listMetadata(client, path, { labelSelector: selector });
      return items.map((object) => keptOf(kindKey(resource), object));
    });
  return {
    claims: claims.filter(({ claim }) => claim.metadata.deletionTimestamp === undefined),
    composites: (await Promise.all(composites)).flat(),
  };
}

export function keptOf(resource: string, object: KubeObject): KeptObject {
  const { name, namespace = '', uid = '' } = object.metadata;
  return { resource, place: { namespace, name }, uid, app: appPlaceOf(object) };
}

/**
 * A move of each claim into one namespace, under its users' own names where no two would be equal; none of a claim that is there
 * already. What a cut-off run has decided stays decided: of two claims that shared a name, one may have gone already.
 */
export async function requestsInto(
  client: KubeClient,
  claims: readonly SelectedClaim[],
  { to, pattern, from }: { to: string; pattern: string; from: string },
): Promise<MoveRequest[]> {
  const decided = new Map(
    (await new Ledger(client).list(from)).map(({ record }) => [record.from.uid, record]),
  );
  const apis = [...new Map(claims.map(({ api }) => [apiName(api), api])).values()];
  const taken = new Set((await Promise.all(apis.map((api) => namesIn(client, api, to)))).flat());
  const open = claims.filter(({ claim }) => !decided.has(claim.metadata.uid ?? ''));
  // Of the same run, and not there yet.
  for (const { api, to: place } of decided.values())
    if (place.namespace === to) taken.add(`${apiName(api)}/${place.name}`);
  const named = open.map(({ api, claim }) => {
    const { name, namespace = '' } = claim.metadata;
    return { resource: apiName(api), namespace, name, app: appPlaceOf(claim) };
  });
  const names = new Map(
    namesWithoutCollisions(named, pattern, taken).map((name, at) => [open[at]?.claim, name]),
  );
  const secrets = await secretNames(
    client,
    open,
    to,
    [...decided.values()].map(({ secret }) => secret?.to),
  );
  return claims.flatMap(({ api, claim }): MoveRequest[] => {
    const { name, namespace = '', uid = '' } = claim.metadata;
    const before = decided.get(uid);
    const own = { api, claim, from: { namespace, name, uid } };
    if (before && before.to.namespace === to) {
      const { to: decidedTo, secret, labels, annotations } = before;
      return [
        {
          ...own,
          to: decidedTo,
          ...(secret ? { secret } : {}),
          ...(labels ? { labels } : {}),
          ...(annotations ? { annotations } : {}),
        },
      ];
    }
    const place = { namespace: to, name: names.get(claim) ?? name };
    if (place.namespace === namespace && place.name === name) return [];
    const stored = claim.spec?.writeConnectionSecretToRef?.name;
    const secret = stored === undefined ? undefined : { from: stored, to: secrets.get(claim) ?? stored };
    return [
      {
        ...own,
        to: place,
        ...(secret ? { secret } : {}),
        ...labelsAs(claim, place.name),
        annotations: droppedAnnotations(claim),
      },
    ];
  });
}

/** What only the app cluster could make something of. */
function droppedAnnotations({ metadata }: KubeObject): Record<string, { from: string }> {
  const dropped = Object.entries(metadata.annotations ?? {}).filter(
    ([key]) => key === connectionSecretAnnotation || isOwnerAnnotation(key),
  );
  return Object.fromEntries(dropped.map(([key, from]) => [key, { from }]));
}

/** The users' own name of each connection Secret, where no other claim wants it and the namespace has no such Secret. */
async function secretNames(
  client: KubeClient,
  claims: readonly SelectedClaim[],
  namespace: string,
  decided: readonly (string | undefined)[],
): Promise<Map<unknown, string>> {
  const wanted = claims.flatMap(({ claim }) => {
    const own = claim.metadata.annotations?.[connectionSecretAnnotation];
    return own === undefined ? [] : [{ claim, own }];
  });
  const counts = Map.groupBy(wanted, ({ own }) => own);
  const names = wanted.map(async ({ claim, own }): Promise<[unknown, string][]> => {
    if (counts.get(own)?.length !== 1 || decided.includes(own)) return [];
    return (await client.get(secretPath(namespace, own)).catch(absentOrThrow)) === undefined
      ? [[claim, own]]
      : [];
  });
  return new Map((await Promise.all(names)).flat());
}

async function namesIn(client: KubeClient, api: ClaimApi, namespace: string): Promise<string[]> {
  const items = await listMetadata(client, claimPath(api, namespace));
  return items.map(({ metadata }) => `${apiName(api)}/${metadata.name}`);
}

/** The connector's finalizers wait for the app cluster, which nobody asks any more. Returns how many claims had one. */
export async function releaseFinalizers(
  client: KubeClient,
  { clusterID, claimNamespace }: Binding,
  resources: readonly ConnectedResource[],
): Promise<number> {
  const own = new Set([orphanFinalizer, foregroundFinalizer]);
  let count = 0;
  for (const resource of firstVersions(resources)) {
    const path = resourcePath(resource, { namespace: claimNamespace });
    const items = await listMetadata(client, path, { labelSelector: `${appClusterLabel}=${clusterID}` });
    for (const { metadata } of items) {
      const { name, finalizers = [], resourceVersion } = metadata;
      const left = finalizers.filter((finalizer) => !own.has(finalizer));
      if (left.length === finalizers.length) continue;
      await client
        .patch(resourcePath(resource, { namespace: claimNamespace, name }), {
          metadata: { resourceVersion, finalizers: left },
        })
        .catch(absentOrThrow);
      count++;
    }
  }
  return count;
}
