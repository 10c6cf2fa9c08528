import type { Condition, KubeObject } from '../../../apimachinery/objects.ts';
import { appClusterLabel, appNameLabel, appNamespaceLabel } from '../../../mapping/identity.ts';
import type { ToolAnswer } from '../../answers/tool-answer.ts';
import { choiceOf, type Composite } from '../composition/composition-objects.ts';
import { conditionText } from '../conditions.ts';
import { counted, type ListInput, rowsOf } from '../list-page.ts';
import { manifestAsked, readObject } from '../read-object.ts';
import { ToolError } from '../tool-error.ts';
import type { ToolCall } from '../tool.ts';
import { invalid } from '../write-object.ts';
import { ownLabels } from './claim-place.ts';
import { offeredKind } from './offered-kinds.ts';
import { offeredPage } from './offered-page.ts';
import { kindText, shortState } from './own-claim.ts';

interface Reference {
  apiVersion?: string;
  kind: string;
  name?: string;
  namespace?: string;
}

/** A composite resource of any kind: of the old ones references stand in `spec`, of those of Crossplane 2 in `spec.crossplane`. */
export interface Composed extends KubeObject {
  spec?: {
    resourceRefs?: Reference[];
    crossplane?: { resourceRefs?: Reference[] };
    [field: string]: unknown;
  };
  status?: { conditions?: Condition[]; [field: string]: unknown };
}

const maxRefs = 30;

export function refsOf({ spec }: Composed): string[] {
  const refs = spec?.crossplane?.resourceRefs ?? spec?.resourceRefs ?? [];
  return refs.map(
    ({ kind, name, namespace }) => `${kind} ${namespace ? `${namespace}/` : ''}${name ?? '(unnamed)'}`,
  );
}

export async function listCompositeResources(
  call: ToolCall,
  input: ListInput & { kind?: string | undefined; namespace?: string | undefined },
): Promise<ToolAnswer> {
  const { connection } = call;
  const selectors = [connection && ownLabels(connection, undefined), input.label_selector];
  const page = await offeredPage<Composed>(call, 'list_composite_resources', 'composite', input, {
    namespace: input.namespace,
    labelSelector: selectors.filter((part) => part !== undefined).join(',') || undefined,
  });
  const objects = page.items.map(({ object }) => object);
  const rows = rowsOf(input, objects, (xr) => ({
    ...(xr.metadata.namespace === undefined ? {} : { namespace: xr.metadata.namespace }),
    name: xr.metadata.name,
    claim: claimOf(xr),
    synced: shortState(xr, 'Synced'),
    ready: shortState(xr, 'Ready'),
  }));
  return {
    summary: counted(rows.length, undefined, 'composite resource'),
    items: rows.map((row, at) => Object.assign({ kind: kindText(page.items[at]!.resource) }, row)),
    warnings: page.warnings,
    ...(page.nextCursor === undefined ? {} : { nextCursor: page.nextCursor }),
  };
}

export interface GetCompositeInput {
  kind: string;
  name: string;
  namespace?: string | undefined;
  detail?: 'summary' | 'full' | undefined;
  fields?: readonly string[] | undefined;
}

export async function getCompositeResource(call: ToolCall, input: GetCompositeInput): Promise<ToolAnswer> {
  const { name, namespace } = input;
  const resource = await offeredKind(call, 'composite', input.kind);
  if (resource.namespaced !== (namespace !== undefined))
    throw invalid(
      'namespace',
      resource.namespaced
        ? `${resource.kind} lives in namespaces: say which`
        : `${resource.kind} is cluster-scoped`,
    );
  const xr = await readObject<Composed>(call, resource, { name, namespace });
  const { connection } = call;
  // Those of other app clusters are not there for this one.
  if (connection && xr.metadata.labels?.[appClusterLabel] !== connection.clusterId)
    throw new ToolError('not_found', `there is no ${resource.kind} ${name}`, {
      hint: 'list_composite_resources shows what there is',
    });
  const summary = `${resource.kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`;
  const asked = manifestAsked(input, xr);
  if (asked.manifest) return { summary, ...asked };
  const { compositionRef, compositionRevisionRef, compositionUpdatePolicy } = choiceOf(xr as Composite);
  const refs = refsOf(xr);
  const { conditions = [], ...ownStatus } = xr.status ?? {};
  const ready = shortState(xr, 'Ready');
  return {
    summary: `${summary}: ${xr.metadata.deletionTimestamp ? 'being deleted' : `ready ${ready ?? 'unknown'}`}`,
    object: {
      conditions: conditions.map((condition) => `${condition.type} ${conditionText(condition)}`),
      ...(claimOf(xr) ? { claim: claimOf(xr) } : {}),
      composition: compositionRef?.name,
      revision: compositionRevisionRef?.name,
      update_policy: compositionUpdatePolicy,
      resources: refs.slice(0, maxRefs),
      ...(refs.length > maxRefs ? { more_resources: refs.length - maxRefs } : {}),
      ...(Object.keys(ownStatus).length > 0 ? { status: ownStatus } : {}),
      ...(xr.metadata.annotations?.['crossplane.io/paused'] === 'true' ? { paused: true } : {}),
      resource_version: xr.metadata.resourceVersion,
    },
    next: [
      `get_resource_tree api_version=${resource.group}/${resource.version} kind=${resource.kind} name=${name}`,
    ],
  };
}

/** Under the name it has in its app cluster, where it came through a connector. */
function claimOf({ metadata: { labels = {} }, spec }: Composed): string | undefined {
  const namespace = labels[appNamespaceLabel];
  if (namespace !== undefined) return `${namespace}/${labels[appNameLabel] ?? '?'}`;
  const claim = spec?.['claimRef'] as { name: string; namespace: string } | undefined;
  return claim && `${claim.namespace}/${claim.name}`;
}
