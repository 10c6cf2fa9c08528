import type { KubeObject } from '../../../apimachinery/objects.ts';
import type { Resource } from '../../cluster/cluster-api.ts';
import { statusOf } from '../conditions.ts';
import {
  type PackageKind,
  packageKinds,
  type PackageObject,
  packageResources,
  type PackageRevision,
  parentLabel,
} from '../packages/package-kinds.ts';
import { revisionHealthText } from '../packages/package-state.ts';
import { ToolError } from '../tool-error.ts';
import type { ToolCall } from '../tool.ts';

/** The provider whose revision installed a kind; undefined for kinds that no package brought. */
export async function providerOf(call: ToolCall, { group, plural }: Resource): Promise<string | undefined> {
  const revisions = await revisionsOf(call, 'Provider');
  const crd = `${plural}.${group}`;
  const owner = revisions.find(({ status }) => (status?.objectRefs ?? []).some(({ name }) => name === crd));
  return owner?.metadata.labels?.[parentLabel];
}

/** `Provider x: …` for each package that is not healthy, of those named or of all. */
export async function unhealthyPackages(
  call: ToolCall,
  only?: (kind: PackageKind, name: string) => boolean,
): Promise<string[]> {
  const lines = await Promise.all(
    packageKinds.map(async (kind) => {
      if (!(await call.kinds.findServed(kind))) return [];
      const { packages } = await packageResources(call.kinds, kind);
      const { items } = await readable(() => call.api.list<PackageObject>(packages));
      const bad = items.filter(
        (found) => statusOf(found, 'Healthy') !== 'True' && (only?.(kind, found.metadata.name) ?? true),
      );
      if (bad.length === 0) return [];
      const revisions = await revisionsOf(call, kind);
      return bad.map((found) => {
        const revision = revisions.find(({ metadata }) => metadata.name === found.status?.currentRevision);
        const installed = found.status?.conditions?.find(({ type }) => type === 'Installed');
        const why = revision ? revisionHealthText(revision) : (installed?.message ?? 'it has no revision');
        return `${kind} ${found.metadata.name} is not healthy: ${why}`;
      });
    }),
  );
  return lines.flat();
}

async function revisionsOf(call: ToolCall, kind: PackageKind): Promise<PackageRevision[]> {
  const { revisions } = await packageResources(call.kinds, kind);
  return (await readable(() => call.api.list<PackageRevision>(revisions))).items;
}

/** Health of packages explains; without the right to read them there is less to explain, and nothing to fail for. */
async function readable<T extends KubeObject>(list: () => Promise<{ items: T[] }>): Promise<{ items: T[] }> {
  try {
    return await list();
  } catch (error) {
    if (error instanceof ToolError && error.code === 'forbidden') return { items: [] };
    throw error;
  }
}
