import type { ToolAnswer } from '../../answers/tool-answer.ts';
import type { Condition, KubeObject } from '../../../apimachinery/objects.ts';
import type { CrossplaneKind } from '../../cluster/kind-directory.ts';
import { statusOf } from '../conditions.ts';
import { coreDeployments } from '../core-deployment.ts';
import { ToolError } from '../tool-error.ts';
import type { ToolCall } from '../tool.ts';
import { crossplaneServedKinds } from './everywhere.ts';
import { unhealthyPackages } from './provider-health.ts';

const counted: readonly CrossplaneKind[] = [
  'CompositeResourceDefinition',
  'Composition',
  'Provider',
  'Configuration',
  'Function',
  'EnvironmentConfig',
  'Operation',
  'CronOperation',
];
/** What a kind that is served means, in words. */
const features: readonly [CrossplaneKind, string][] = [
  ['EnvironmentConfig', 'environment configs'],
  ['LegacyUsage', 'usages of cluster-scoped objects'],
  ['ClusterUsage', 'usages of anything'],
  ['Operation', 'operations (their API; the controller may be off)'],
  ['ManagedResourceDefinition', 'managed resource definitions'],
];
const shownProblems = 15;

/** Whether the control plane answers, which Crossplane it runs as far as discovery tells, what there is of each, and what is wrong. */
export async function controlPlaneStatus(call: ToolCall): Promise<ToolAnswer> {
  const version = await call.api
    .getPath<{ gitVersion: string }>('/version')
    .catch((error: unknown) => (error instanceof ToolError ? error : Promise.reject(error as Error)));
  if (version instanceof ToolError) {
    if (version.code !== 'unavailable') throw version;
    return {
      summary: `the control plane cannot be reached: ${version.message}`,
      object: { reachable: false },
      next: ['control_plane_status'],
    };
  }
  call.kinds.forget();
  const crossplane = await crossplaneVersion(call);
  const [counts, xrds, packages, served, managed, composites, claims] = await Promise.all([
    countsOf(call),
    badDefinitions(call),
    unhealthyPackages(call),
    featuresOf(call),
    ...['managed', 'composite', 'claim'].map((category) => crossplaneServedKinds(call, [category])),
  ]);
  const problems = [...xrds, ...packages];
  return {
    summary: `Crossplane ${crossplane}: ${problems.length === 0 ? 'all packages and XRDs are healthy' : `${problems.length} problem${problems.length === 1 ? '' : 's'}`}`,
    object: {
      reachable: true,
      kubernetes: version.gitVersion,
      crossplane,
      features: served,
      counts,
      kinds: `${managed?.length ?? 0} managed, ${composites?.length ?? 0} composite, ${claims?.length ?? 0} claim`,
      ...(problems.length > 0 ? { problems: problems.slice(0, shownProblems) } : {}),
      ...(problems.length > shownProblems ? { more_problems: problems.length - shownProblems } : {}),
    },
    next: problems.length > 0 ? ['diagnose_resource', 'list_stuck_deletions'] : [],
  };
}

/** From its Deployment's labels where they may be read; otherwise what the APIs that are served come with. */
async function crossplaneVersion(call: ToolCall): Promise<string> {
  const { kinds } = call;
  const [found] = await coreDeployments(call);
  const label = found?.metadata.labels?.['app.kubernetes.io/version'];
  if (label) return label;
  if (await kinds.findServed('ClusterUsage')) return '2.x, by its APIs';
  return (await kinds.findServed('Composition')) ? '1.x, by its APIs' : 'is not installed';
}

async function featuresOf({ kinds }: ToolCall): Promise<string[]> {
  const found = await Promise.all(
    features.map(async ([kind, words]) => ((await kinds.findServed(kind)) ? words : '')),
  );
  return found.filter((words) => words !== '');
}

async function countsOf(call: ToolCall): Promise<Record<string, number | string>> {
  const counts = await Promise.all(
    counted.map(async (kind) => {
      const resource = await call.kinds.findServed(kind);
      if (!resource) return [];
      try {
        const { items, remaining } = await call.api.listMetadata(resource, { limit: 1 });
        return [[kind, items.length + (remaining ?? 0)] as const];
      } catch (error) {
        if (error instanceof ToolError && error.code === 'forbidden')
          return [[kind, 'may not be read'] as const];
        throw error;
      }
    }),
  );
  return Object.fromEntries(counts.flat());
}

async function badDefinitions(call: ToolCall): Promise<string[]> {
  const resource = await call.kinds.findServed('CompositeResourceDefinition');
  if (!resource) return [];
  try {
    const { items } = await call.api.list<KubeObject & { status?: { conditions?: Condition[] } }>(resource);
    return items
      .filter((xrd) => statusOf(xrd, 'Established') !== 'True')
      .map(({ metadata }) => `CompositeResourceDefinition ${metadata.name} is not established`);
  } catch (error) {
    if (error instanceof ToolError && error.code === 'forbidden') return [];
    throw error;
  }
}
