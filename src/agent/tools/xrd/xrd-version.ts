import type { Resource } from '../../cluster/cluster-api.ts';
import type { ToolCall } from '../tool.ts';
import { invalid } from '../write-object.ts';
import type { Xrd } from './xrd-objects.ts';

const kind = 'CompositeResourceDefinition';

/** What only v1 takes, and the scope that goes with it. */
export function isLegacy({ scope, claimNames, connectionSecretKeys }: Partial<Xrd['spec']>): boolean {
  if (scope !== undefined) return scope === 'LegacyCluster';
  return claimNames !== undefined || (connectionSecretKeys?.length ?? 0) > 0;
}

/**
 * In which version an XRD is written, and its spec with the scope that is meant there: left out, v1 takes LegacyCluster and v2
 * Namespaced. Before Crossplane 2 there is no such field, and no XR but those of the old kind. `given` is the version that the
 * manifest is of. Throws ToolError `invalid` for what no served version takes.
 */
export async function writtenAs<Spec extends Partial<Xrd['spec']>>(
  { kinds }: ToolCall,
  spec: Spec,
  given?: string,
): Promise<{ resource: Resource; spec: Spec }> {
  const legacy = isLegacy(spec);
  const modern = await kinds.findVersion(kind, 'v2');
  refuseMixture(spec, legacy);
  if (!modern) {
    if (spec.scope !== undefined && !legacy)
      throw invalid(
        'spec.scope',
        `scope ${spec.scope} needs Crossplane 2.0 or later; this one composes cluster-scoped resources only`,
        'leave scope out; with claimNames people use it from namespaces',
      );
    const { scope: _unknown, ...rest } = spec;
    return { resource: await kinds.find(kind), spec: rest as Spec };
  }
  if (legacy && given === 'v2')
    throw invalid(
      'apiVersion',
      'apiextensions.crossplane.io/v2 takes no claimNames, connectionSecretKeys or scope LegacyCluster',
      'leave apiVersion out, or write v1',
    );
  const version = legacy || given === 'v1' ? 'v1' : 'v2';
  const resource = (await kinds.findVersion(kind, version)) ?? modern;
  return { resource, spec: { ...spec, scope: spec.scope ?? (legacy ? 'LegacyCluster' : 'Namespaced') } };
}

function refuseMixture(
  { scope, claimNames, connectionSecretKeys }: Partial<Xrd['spec']>,
  legacy: boolean,
): void {
  if (legacy) return;
  for (const [field, value] of Object.entries({ claimNames, connectionSecretKeys })) {
    if (value !== undefined)
      throw invalid(
        `spec.${field}`,
        `an XRD of scope ${String(scope)} has no ${field}: only LegacyCluster does`,
        'leave it out, or use scope LegacyCluster',
      );
  }
}
