import { z } from 'zod';
import { anyObject, change, detail, dryRun, fields, name, namespace, page } from '../parameters.ts';
import { defineTool, type ToolDefinition } from '../tool.ts';
import { getClaim, listClaims } from './read-claims.ts';
import { getCompositeResource, listCompositeResources } from './read-composites.ts';
import { createClaim, deleteClaim, updateClaim } from './write-claims.ts';

const toolset = 'claim';
const kind = z.string();
const own = { kind, namespace, name };
const some = { kind: kind.optional(), namespace: namespace.optional(), ...page };

export const claimTools: readonly ToolDefinition[] = [
  defineTool({
    name: 'create_claim',
    title: 'Create claim',
    description: 'Ask for infrastructure: a claim of a kind that an XRD offers.',
    toolset,
    effect: 'create',
    input: z.strictObject({ ...own, spec: anyObject(), labels: anyObject().optional(), dry_run: dryRun }),
    run: createClaim,
  }),
  defineTool({
    name: 'list_claims',
    title: 'List claims',
    description: 'Claims of all kinds, or of one, with their state.',
    toolset,
    effect: 'read',
    input: z.strictObject(some),
    run: listClaims,
  }),
  defineTool({
    name: 'get_claim',
    title: 'Get claim',
    description: 'Spec, state and composite resource of a claim.',
    toolset,
    effect: 'read',
    input: z.strictObject({ ...own, detail, fields }),
    run: getClaim,
  }),
  defineTool({
    name: 'update_claim',
    title: 'Update claim',
    description: 'Change a claim, and the infrastructure behind it.',
    toolset,
    effect: 'destructive',
    input: z.strictObject({ ...own, ...change }),
    run: updateClaim,
  }),
  defineTool({
    name: 'delete_claim',
    title: 'Delete claim',
    description: 'Delete a claim with all its infrastructure.',
    toolset,
    effect: 'destructive',
    input: z.strictObject(own),
    run: deleteClaim,
  }),
  defineTool({
    name: 'list_composite_resources',
    title: 'List composite resources',
    description: 'XRs of all kinds, or of one, with their claims and state.',
    toolset,
    effect: 'read',
    input: z.strictObject(some),
    run: listCompositeResources,
  }),
  defineTool({
    name: 'get_composite_resource',
    title: 'Get composite resource',
    description: 'State, composition and composed resources of an XR.',
    toolset,
    effect: 'read',
    input: z.strictObject({ kind, name, namespace: namespace.optional(), detail, fields }),
    run: getCompositeResource,
  }),
];
