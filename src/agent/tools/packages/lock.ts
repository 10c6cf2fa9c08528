import type { KubeObject } from '../../../apimachinery/objects.ts';
import { ToolError } from '../tool-error.ts';
import type { ToolCall } from '../tool.ts';

/** What Crossplane's package manager knows of all packages: pkg.crossplane.io Lock. */
interface Lock extends KubeObject {
  packages?: LockPackage[];
}

interface LockPackage {
  /** Of the revision. */
  name: string;
  /** `Provider`, in the older field or in the newer one. */
  kind?: string;
  type?: string;
  source: string;
  version: string;
  dependencies?: { package: string; constraints: string }[] | null;
}

export interface Dependent {
  kind: string;
  /** Of the revision that has the dependency. */
  revision: string;
  source: string;
  version: string;
  constraints: string;
}

/** Packages that say they need what comes from this source. Empty where there is no Lock, or none that may be read. */
export async function dependentsOf(call: ToolCall, source: string): Promise<Dependent[]> {
  return (await lockPackages(call)).flatMap((one) => {
    const needed = one.dependencies?.find((dependency) => dependency.package === source);
    if (!needed) return [];
    const { name: revision, version } = one;
    const kind = one.kind ?? one.type ?? 'package';
    return [{ kind, revision, source: one.source, version, constraints: needed.constraints }];
  });
}

export interface Dependency {
  source: string;
  constraints: string;
  /** The version that is there; undefined where there is none. */
  installed: string | undefined;
}

export async function dependenciesOf(call: ToolCall, revision: string): Promise<Dependency[]> {
  const packages = await lockPackages(call);
  const own = packages.find(({ name }) => name === revision);
  return (own?.dependencies ?? []).map((needed) => ({
    source: needed.package,
    constraints: needed.constraints,
    installed: packages.find(({ source }) => source === needed.package)?.version,
  }));
}

export function dependentText({ constraints, kind, revision, version }: Dependent): string {
  return `${kind} revision ${revision} (${version}) needs it, ${constraints}`;
}

async function lockPackages(call: ToolCall): Promise<LockPackage[]> {
  const resource = await call.kinds.findServed('Lock');
  if (!resource) return [];
  try {
    return (await call.api.get<Lock>(resource, { name: 'lock' })).packages ?? [];
  } catch (error) {
    // No package was ever installed.
    if (error instanceof ToolError && error.code === 'not_found') return [];
    throw error;
  }
}
