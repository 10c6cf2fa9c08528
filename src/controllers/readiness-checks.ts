import type { ClientTrustSource } from '../authentication/client-trust-source.ts';
import { Readiness } from '../base/health.ts';
import type { CatalogStore } from '../catalog/catalog.ts';
import type { CatalogFollower } from './catalog/catalog-follower.ts';
import type { ControlPlaneLink } from './control-plane/control-plane-link.ts';

export interface ReadinessChecksOptions {
  store: Pick<CatalogStore, 'current'>;
  link: Pick<ControlPlaneLink, 'fault' | 'hasServed' | 'outage' | 'warning'>;
  /** Undefined while there was no link. */
  follower: () => Pick<CatalogFollower, 'fault'> | undefined;
  trust: Pick<ClientTrustSource, 'current'>;
  isStopping: () => boolean;
}

/** What has to hold before a replica is sent requests, and what is no more than a warning of one that has served. */
export function readinessChecks(options: ReadinessChecksOptions): Readiness {
  const { store, link, follower, trust, isStopping } = options;
  const readiness = new Readiness();
  readiness.add('catalog', () =>
    store.current
      ? undefined
      : (link.fault?.message ?? follower()?.fault ?? 'the claim APIs have not been read yet'),
  );
  // A saved catalog is there sooner than the first answer: a rollout would lead requests here that can only be refused yet.
  readiness.add('first-attempt', () => (link.fault?.code === 'connecting' ? link.fault.message : undefined));
  // Later it is a warning: without endpoints, the APIServices would hold up every namespace deletion of the app cluster.
  readiness.add('binding', () =>
    link.fault?.code === 'binding-changed' && !link.hasServed ? link.fault.message : undefined,
  );
  readiness.addWarning('control-plane', () => link.outage?.reason ?? link.warning);
  readiness.add('front-proxy', () =>
    trust.current ? undefined : 'the front-proxy configuration has not been read yet',
  );
  readiness.add('shutdown', () => (isStopping() ? 'the connector stops' : undefined));
  return readiness;
}
