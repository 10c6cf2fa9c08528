import type { Condition, KubeList, KubeObject } from '../apimachinery/objects.ts';
import { resourcePath } from '../clusters/api-paths.ts';
import { absentOrThrow, type KubeClient } from '../clusters/kube-client.ts';

/** A claim kind and the composite kind behind it, in the version that Crossplane's claim controller uses. */
export interface ClaimApi {
  group: string;
  version: string;
  claim: { kind: string; plural: string };
  composite: { kind: string; plural: string };
}

interface Definition extends KubeObject {
  spec: {
    group: string;
    names: { kind: string; plural: string };
    claimNames?: { kind: string; plural: string };
    versions: { name: string; referenceable: boolean }[];
  };
  status?: {
    conditions?: Condition[];
    controllers?: { compositeResourceClaimType?: { apiVersion?: string; kind?: string } };
  };
}

const definitions = {
  group: 'apiextensions.crossplane.io',
  version: 'v1',
  plural: 'compositeresourcedefinitions',
};

/** The claim APIs that Crossplane offers on a control plane, by name. Namespaced XRs of v2 have no claims: they cannot be moved. */
export async function readClaimApis(controlPlane: KubeClient): Promise<ClaimApi[]> {
  const { items } = await controlPlane.get<KubeList<Definition>>(resourcePath(definitions), {
    timeoutMs: 30_000,
  });
  return items
    .flatMap(({ spec, status }): ClaimApi[] => {
      if (!spec.claimNames) return [];
      // What claimRef.apiVersion is compared with (claim/reconciler.go): not simply the newest version.
      const running = status?.controllers?.compositeResourceClaimType?.apiVersion?.split('/')[1];
      const version = running || spec.versions.find(({ referenceable }) => referenceable)?.name;
      if (version === undefined) return [];
      const { group, claimNames: claim, names: composite } = spec;
      return [
        {
          group,
          version,
          claim: { kind: claim.kind, plural: claim.plural },
          composite: { kind: composite.kind, plural: composite.plural },
        },
      ];
    })
    .toSorted((a, b) => (apiName(a) < apiName(b) ? -1 : 1));
}

/** Whether Crossplane says at this moment that there are claims of it. */
export async function isOffered(controlPlane: KubeClient, { group, composite }: ClaimApi): Promise<boolean> {
  const name = `${composite.plural}.${group}`;
  const definition = await controlPlane
    .get<Definition>(resourcePath(definitions, { name }))
    .catch(absentOrThrow);
  if (!definition || definition.metadata.deletionTimestamp !== undefined) return false;
  const condition = definition.status?.conditions?.find(({ type }) => type === 'Offered');
  return condition?.status === 'True';
}

/** `<plural>.<group>`, as kubectl takes it. */
export function apiName({ group, claim }: ClaimApi): string {
  return `${claim.plural}.${group}`;
}

export function apiVersionOf({ group, version }: ClaimApi): string {
  return `${group}/${version}`;
}

export function claimPath({ group, version, claim }: ClaimApi, namespace: string, name?: string): string {
  return resourcePath({ group, version, plural: claim.plural }, { namespace, name });
}

export function compositePath({ group, version, composite }: ClaimApi, name?: string): string {
  return resourcePath({ group, version, plural: composite.plural }, { name });
}
