import { z } from 'zod';
import { cursor, labelSelector, limit, name, namespace } from '../parameters.ts';
import { defineTool, type ToolDefinition } from '../tool.ts';
import { controlPlaneStatus } from './control-plane-state.ts';
import { diagnose } from './diagnosis.ts';
import { diffManifest } from './diff.ts';
import { previewImpact } from './impact.ts';
import { explainKind } from './kind-explanation.ts';
import { listManaged } from './managed-resources.ts';
import { nodeRow } from './node-health.ts';
import { resourceTree } from './resource-tree.ts';
import { listStuck } from './stuck-deletions.ts';

const object = { api_version: z.string(), kind: z.string(), name, namespace: namespace.optional() };

const tree = defineTool({
  name: 'get_resource_tree',
  title: 'Get resource tree',
  description: 'A claim or composite resource and all it is made of, with state.',
  toolset: 'insight',
  effect: 'read',
  input: z.strictObject({ ...object, limit }),
  run: async (call, input) => {
    const { left, nodes } = await resourceTree(call, input, input.limit ?? 100);
    return {
      summary: `${nodes.length} object${nodes.length === 1 ? '' : 's'}`,
      items: nodes.map(nodeRow),
      warnings: left > 0 ? [`${left} more at least are not shown: raise limit, or ask for a part`] : [],
    };
  },
});

const diagnosis = defineTool({
  name: 'diagnose_resource',
  title: 'Diagnose resource',
  description:
    'Why an object is not ready: deepest failures first, with conditions, events and package health.',
  toolset: 'insight',
  effect: 'read',
  input: z.strictObject(object),
  run: diagnose,
});

const impact = defineTool({
  name: 'preview_impact',
  title: 'Preview impact',
  description: 'What deleting or updating an object would touch, and what would block it.',
  toolset: 'insight',
  effect: 'read',
  input: z.strictObject({ action: z.enum(['delete', 'update']), ...object }),
  run: previewImpact,
});

const diff = defineTool({
  name: 'diff_manifest',
  title: 'Diff manifest',
  description: 'What applying a manifest would change, by a dry run.',
  toolset: 'insight',
  effect: 'read',
  input: z.strictObject({
    manifest: z.looseObject({
      apiVersion: z.string(),
      kind: z.string(),
      metadata: z.looseObject({ name: z.string(), namespace: z.string().optional() }),
    }),
  }),
  run: diffManifest,
});

const status = defineTool({
  name: 'control_plane_status',
  title: 'Control plane status',
  description: 'Reachability, Crossplane version and features, counts, what is unhealthy.',
  toolset: 'insight',
  effect: 'read',
  input: z.strictObject({}),
  run: (call) => controlPlaneStatus(call),
});

const managed = defineTool({
  name: 'list_managed_resources',
  title: 'List managed resources',
  description: 'Managed resources of all providers, or of one kind.',
  toolset: 'insight',
  effect: 'read',
  input: z.strictObject({
    kind: z.string().optional(),
    unhealthy: z.boolean().optional(),
    label_selector: labelSelector,
    limit,
    cursor,
  }),
  run: listManaged,
});

const stuck = defineTool({
  name: 'list_stuck_deletions',
  title: 'List stuck deletions',
  description: 'Objects whose deletion does not finish, and what holds them.',
  toolset: 'insight',
  effect: 'read',
  input: z.strictObject({ older_than_seconds: z.int().min(0).max(1_000_000).optional(), limit }),
  run: listStuck,
});

const explain = defineTool({
  name: 'explain_kind',
  title: 'Explain kind',
  description: 'Fields of any kind, below a path (spec.x).',
  toolset: 'insight',
  effect: 'read',
  input: z.strictObject({
    api_version: z.string(),
    kind: z.string(),
    path: z.string().optional(),
    depth: z.int().min(1).max(6).optional(),
  }),
  run: explainKind,
});

export const insightTools: readonly ToolDefinition[] = [
  tree,
  diagnosis,
  impact,
  diff,
  status,
  managed,
  stuck,
  explain,
];
