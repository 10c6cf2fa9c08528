import type { Condition, KubeObject } from '../../../apimachinery/objects.ts';
import type { Resource } from '../../cluster/cluster-api.ts';
import type { CrossplaneKind, KindDirectory } from '../../cluster/kind-directory.ts';

/** The three kinds of packages; the same in every tool that is about one. */
export type PackageKind = 'Provider' | 'Configuration' | 'Function';
export const packageKinds = ['Provider', 'Configuration', 'Function'] as const;

/** Provider, Configuration and Function are of one shape. */
export interface PackageObject extends KubeObject {
  spec: {
    package: string;
    revisionActivationPolicy?: string;
    revisionHistoryLimit?: number;
    packagePullSecrets?: { name: string }[];
    runtimeConfigRef?: { name: string };
    skipDependencyResolution?: boolean;
  };
  status?: {
    conditions?: Condition[];
    currentRevision?: string;
    /** The reference that currentRevision was made of. */
    currentIdentifier?: string;
  };
}

export interface PackageRevision extends KubeObject {
  spec: { desiredState: string; image: string; revision: number };
  status?: {
    conditions?: Condition[];
    foundDependencies?: number;
    installedDependencies?: number;
    invalidDependencies?: number;
    objectRefs?: ObjectRef[];
    capabilities?: string[];
    /** Of a Function. */
    endpoint?: string;
  };
}

export interface ObjectRef {
  apiVersion: string;
  kind: string;
  name: string;
}

/** On every revision: the name of its package. */
export const parentLabel = 'pkg.crossplane.io/package';

export function revisionKind(kind: PackageKind): CrossplaneKind {
  return `${kind}Revision`;
}

export async function packageResources(
  kinds: KindDirectory,
  kind: PackageKind,
): Promise<{ packages: Resource; revisions: Resource }> {
  const [packages, revisions] = await Promise.all([kinds.find(kind), kinds.find(revisionKind(kind))]);
  return { packages, revisions };
}
