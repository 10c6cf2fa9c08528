import type { ConnectedResource } from '../../../src/catalog/connected-resource.ts';
import { controlPlaneName } from '../../../src/mapping/identity.ts';
import type { FollowedClaim } from '../../../src/mapping/followed-claim.ts';

export const claimNamespace = 'claims';
export const connection = { clusterID: 'red', claimNamespace };
export const buckets = {
  group: 'example.org',
  version: 'v1',
  plural: 'buckets',
  kind: 'Bucket',
  prefix: 'claim',
} as ConnectedResource;

function storedName(own: string): string {
  return controlPlaneName('claim', { namespace: 'team', name: own }, connection.clusterID);
}

/** A claim of the namespace `team`, with the connection Secret `<name>-secret`; its uid is `uid-<name>`. */
export function followedClaim(name: string, fields: Partial<FollowedClaim> = {}): FollowedClaim {
  const app = { namespace: 'team', name };
  return {
    metadata: { name: storedName(name), namespace: claimNamespace },
    resource: buckets,
    app,
    uid: `uid-${name}`,
    isDeleting: false,
    storedSecretName: storedName(`${name}-secret`),
    secretName: `${name}-secret`,
    composite: { apiVersion: 'example.org/v1', kind: 'XBucket', name: `${name}-xr` },
    conditions: [],
    storedMetadata: '{}',
    ...fields,
  };
}

/** In the place of FollowedClaims. */
export class FakeClaims {
  readonly #claims = new Map<string, FollowedClaim>();
  readonly #listeners: ((claim: FollowedClaim) => void)[] = [];

  onChange(listener: (claim: FollowedClaim) => void): void {
    this.#listeners.push(listener);
  }

  set(claim: FollowedClaim): void {
    this.#claims.set(claim.uid, claim);
    for (const listener of this.#listeners) listener(claim);
  }

  remove(claim: FollowedClaim): void {
    this.#claims.delete(claim.uid);
    for (const listener of this.#listeners) listener(claim);
  }

  list(): FollowedClaim[] {
    return [...this.#claims.values()];
  }

  get(uid: string): FollowedClaim | undefined {
    return this.#claims.get(uid);
  }

  find(uid: string): FollowedClaim | undefined {
    return this.get(uid);
  }
}
