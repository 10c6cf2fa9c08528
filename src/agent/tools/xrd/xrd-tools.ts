import { z } from 'zod';
import * as parameters from '../parameters.ts';
import { defineTool, type ToolDefinition } from '../tool.ts';
import { createXrd } from './create-xrd.ts';
import { deleteXrd } from './delete-xrd.ts';
import { getXrd, listXrds } from './read-xrds.ts';
import { updateXrd } from './update-xrd.ts';

const { anyObject, change, detail, dryRun, fields, manifest, name, page } = parameters;
const toolset = 'xrd';

export const xrdTools: readonly ToolDefinition[] = [
  defineTool({
    name: 'create_xrd',
    title: 'Create XRD',
    description: 'Define a composite resource API, by manifest or by group, kind, plural and schema.',
    toolset,
    effect: 'create',
    input: z.strictObject({
      manifest: manifest.optional(),
      group: z.string().optional(),
      kind: z.string().optional(),
      plural: z.string().optional(),
      scope: z.enum(['Namespaced', 'Cluster', 'LegacyCluster']).optional(),
      schema: anyObject('OpenAPI schema of spec').optional(),
      dry_run: dryRun,
    }),
    run: createXrd,
  }),
  defineTool({
    name: 'list_xrds',
    title: 'List XRDs',
    description: 'Composite resource APIs with state and number of XRs.',
    toolset,
    effect: 'read',
    input: z.strictObject(page),
    run: listXrds,
  }),
  defineTool({
    name: 'get_xrd',
    title: 'Get XRD',
    description: 'State, schema fields and compositions of an XRD.',
    toolset,
    effect: 'read',
    input: z.strictObject({ name, version: z.string().optional(), detail, fields }),
    run: getXrd,
  }),
  defineTool({
    name: 'update_xrd',
    title: 'Update XRD',
    description: 'Change an XRD; tells which XRs would break. Lists are replaced whole.',
    toolset,
    effect: 'destructive',
    input: z.strictObject({ name, ...change }),
    run: updateXrd,
  }),
  defineTool({
    name: 'delete_xrd',
    title: 'Delete XRD',
    description: 'Delete an XRD with all its composite resources, claims and their infrastructure.',
    toolset,
    effect: 'destructive',
    input: z.strictObject({ name }),
    run: deleteXrd,
  }),
];
