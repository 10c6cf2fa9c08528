import { describeError } from '../../../base/errors.ts';
import type { KubeClient } from '../../../clusters/kube-client.ts';
import { OwnRights, type Right } from '../../../clusters/own-rights.ts';
import { type Check, ok, unknown, warning } from '../../../connecting/check.ts';
import type { DiscoveredResource } from '../../cluster/discovery.ts';
import { crossplaneKinds } from '../../cluster/kinds.ts';
import type { CrossplaneKind } from '../../cluster/kind-directory.ts';
import type { Toolset } from '../../tools/tool.ts';
import { toolsetLabels } from '../catalogue.ts';

const reading = ['get', 'list'];
const writing = ['create', 'patch', 'delete'];
/** Of each category, kinds that are asked about: the account's role names groups, hardly ever single kinds. */
const sampledKinds = 12;

/** What tools of a toolset read, and what they write. */
const needs: Record<Toolset, { reads: readonly CrossplaneKind[]; writes: readonly CrossplaneKind[] }> = {
  xrd: { reads: ['CompositeResourceDefinition'], writes: ['CompositeResourceDefinition'] },
  composition: { reads: ['Composition', 'CompositionRevision', 'Function'], writes: ['Composition'] },
  package: {
    reads: [
      'Provider',
      'ProviderRevision',
      'Configuration',
      'ConfigurationRevision',
      'Function',
      'FunctionRevision',
    ],
    writes: ['Provider', 'Configuration', 'Function'],
  },
  environment: { reads: ['EnvironmentConfig'], writes: ['EnvironmentConfig'] },
  operation: { reads: ['Operation', 'CronOperation'], writes: ['Operation', 'CronOperation'] },
  protection: {
    reads: ['LegacyUsage', 'Usage', 'ClusterUsage'],
    writes: ['LegacyUsage', 'Usage', 'ClusterUsage'],
  },
  claim: { reads: ['CompositeResourceDefinition'], writes: [] },
  insight: { reads: ['CompositeResourceDefinition', 'Composition', 'Provider'], writes: [] },
};

/**
 * One sentence for each toolset: whether the account may do what its tools do (SelfSubjectAccessReviews). Kinds that the control plane
 * does not serve need no right.
 */
export async function rightsChecks(
  client: KubeClient,
  resources: readonly DiscoveredResource[],
  toolsets: readonly Toolset[],
  readOnly: boolean,
): Promise<Check[]> {
  const rights = new OwnRights(client);
  const checks: Check[] = [];
  for (const { id, label } of toolsetLabels) {
    if (!toolsets.includes(id)) continue;
    const needed = rightsOf(id, resources, readOnly);
    checks.push(await toolsetCheck(label, needed, rights));
  }
  return checks;
}

async function toolsetCheck(label: string, needed: readonly Right[], rights: OwnRights): Promise<Check> {
  if (needed.length === 0)
    return unknown(
      label,
      'this control plane does not serve them',
      'leave these tools out, or upgrade Crossplane',
    );
  try {
    const missing = await rights.missing(needed);
    if (missing.length === 0) return ok(label, 'the account has all rights that these tools need');
    return warning(
      label,
      `the account may not: ${missing.slice(0, 6).join(', ')}${missing.length > 6 ? `, and ${missing.length - 6} more` : ''}`,
      'give its role these rights, or expect the tools that need them to answer "forbidden"',
    );
  } catch (error) {
    return unknown(
      label,
      `cannot be asked about: ${describeError(error)}`,
      'look at the account by kubectl auth can-i',
    );
  }
}

function rightsOf(toolset: Toolset, resources: readonly DiscoveredResource[], readOnly: boolean): Right[] {
  const { reads, writes } = needs[toolset];
  const isServed = (kind: CrossplaneKind): boolean => {
    const { group, plural } = crossplaneKinds[kind];
    return resources.some((one) => one.group === group && one.plural === plural);
  };
  const own = (kinds: readonly CrossplaneKind[], verbs: readonly string[]): Right[] =>
    kinds
      // Where the new ones are served, the old one is not written any more.
      .filter((kind) => isServed(kind) && !(kind === 'LegacyUsage' && isServed('ClusterUsage')))
      .map((kind) => crossplaneKinds[kind])
      .flatMap(({ group, plural }) => verbs.map((verb) => ({ verb, group, resource: plural })));
  const categories =
    toolset === 'claim' ? ['claim', 'composite'] : toolset === 'insight' ? ['composite', 'managed'] : [];
  const verbs = toolset === 'claim' && !readOnly ? [...reading, ...writing] : reading;
  const others = categories.flatMap((category) =>
    ofCategory(resources, category).flatMap(({ group, plural }) =>
      // Composite resources of claims are Crossplane's to write.
      (category === 'claim' ? verbs : reading).map((verb) => ({ verb, group, resource: plural })),
    ),
  );
  return [...own(reads, reading), ...(readOnly ? [] : own(writes, writing)), ...others];
}

function ofCategory(resources: readonly DiscoveredResource[], category: string): DiscoveredResource[] {
  const found = new Map<string, DiscoveredResource>();
  for (const one of resources)
    if (one.categories.includes(category)) found.set(`${one.plural}.${one.group}`, one);
  return [...found.values()].slice(0, sampledKinds);
}
