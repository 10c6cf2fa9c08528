import type { APIService, OwnerReference } from '../../apimachinery/objects.ts';
import type { Catalog } from '../../catalog/catalog.ts';
import type { GroupVersion } from '../../catalog/connected-resource.ts';
import { catalogHashAnnotation, releaseLabel } from '../../mapping/identity.ts';
import type { Release } from './api-service-owner.ts';

export interface ApiServiceFacts {
  catalog: Catalog;
  groupVersion: GroupVersion;
  release: Release;
  port: number;
  /** PEM. */
  caBundle: string;
  owner: OwnerReference | undefined;
}

// As kube-apiserver registers a CRD's group version (crdregistration_controller.go).
const groupPriorityMinimum = 1000;
const highestVersionPriority = 100;

/** The only name an APIService of this group and version may have. */
export function nameOf({ group, version }: { group: string; version: string }): string {
  return `${version}.${group}`;
}

/** The APIService by which kube-apiserver proxies a group version to our Service. */
export function wantedApiService(facts: ApiServiceFacts): APIService {
  const { catalog, groupVersion, release, port, caBundle, owner } = facts;
  const { group, version } = groupVersion;
  const versions = catalog.groupVersions
    .filter((candidate) => candidate.group === group)
    .map((candidate) => candidate.version);
  return {
    apiVersion: 'apiregistration.k8s.io/v1',
    kind: 'APIService',
    metadata: {
      name: nameOf(groupVersion),
      labels: { 'app.kubernetes.io/managed-by': 'mcp-connector', [releaseLabel]: release.releaseName },
      annotations: { [catalogHashAnnotation]: catalog.hashOf(groupVersion) },
      ...(owner ? { ownerReferences: [owner] } : {}),
    },
    spec: {
      group,
      version,
      groupPriorityMinimum,
      versionPriority: Math.max(1, highestVersionPriority - versions.indexOf(version)),
      service: { namespace: release.namespace, name: release.releaseName, port },
      caBundle: Buffer.from(caBundle).toString('base64'),
    },
  };
}

/** What is compared is what we set: kube-apiserver defaults other fields. */
export function differs(current: APIService, wanted: APIService): boolean {
  const relevant = ({ metadata, spec }: APIService): string =>
    JSON.stringify([
      spec.groupPriorityMinimum,
      spec.versionPriority,
      spec.caBundle,
      spec.service?.port,
      spec.insecureSkipTLSVerify ?? false,
      metadata.annotations?.[catalogHashAnnotation],
      wanted.metadata.ownerReferences ? metadata.ownerReferences?.map(({ uid }) => uid) : undefined,
    ]);
  return relevant(current) !== relevant(wanted);
}
