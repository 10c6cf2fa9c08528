import type { Condition, KubeObject } from '../../../apimachinery/objects.ts';
import type { Resource } from '../../cluster/cluster-api.ts';
import { poll } from '../polling.ts';
import type { ToolCall } from '../tool.ts';
import {
  packageResources,
  type PackageKind,
  type PackageObject,
  type PackageRevision,
  parentLabel,
} from './package-kinds.ts';
import { type PackageState, packageState } from './package-state.ts';

/** A problem that stands so long is told at once and not only when the time is over: Crossplane tries again by itself. */
const settledMs = 4_000;

export interface SeenPackage {
  found: PackageObject;
  revisions: PackageRevision[];
  state: PackageState;
}

export async function readPackage(
  call: ToolCall,
  { packages, revisions }: { packages: Resource; revisions: Resource },
  name: string,
): Promise<SeenPackage> {
  const [found, { items }] = await Promise.all([
    call.api.get<PackageObject>(packages, { name }),
    call.api.list<PackageRevision>(revisions, { labelSelector: `${parentLabel}=${name}` }),
  ]);
  const sorted = items.toSorted((a, b) => b.spec.revision - a.spec.revision);
  return { found, revisions: sorted, state: packageState(found, sorted) };
}

/** Until the version that the package names is installed and healthy, or it is plain why it will not be. */
export async function waitForPackage(
  call: ToolCall,
  kind: PackageKind,
  name: string,
  seconds: number,
  done: string,
): Promise<SeenPackage> {
  const resources = await packageResources(call.kinds, kind);
  let told = '';
  let since = Date.now();
  return await poll(
    call,
    seconds,
    done,
    async () => {
      const seen = await readPackage(call, resources, name);
      const now = seen.state.problem ?? (seen.state.healthy ? 'healthy' : 'waiting for Crossplane');
      if (now !== told) {
        told = now;
        since = Date.now();
        call.progress(`${kind} ${name}: ${now}`);
      }
      return seen;
    },
    ({ state }) => state.healthy || (state.stuck && Date.now() - since >= settledMs),
  );
}

/** What the package manager says of the whole: which dependency it finds no version for. Undefined where it complains of nothing. */
export async function lockProblem(call: ToolCall): Promise<string | undefined> {
  const resource = await call.kinds.findServed('Lock');
  if (!resource) return undefined;
  const lock = await call.api
    .get<KubeObject & { status?: { conditions?: Condition[] } }>(resource, { name: 'lock' })
    .catch(() => undefined);
  return lock?.status?.conditions?.find(({ status, message }) => status === 'False' && message)?.message;
}
