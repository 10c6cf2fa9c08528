import { z } from 'zod';
import { change, detail, dryRun, fields, limit, manifest, name, page } from '../parameters.ts';
import { defineTool, type ToolDefinition } from '../tool.ts';
import { getComposition, listCompositionRevisions, listCompositions } from './read-compositions.ts';
import { createComposition, deleteComposition, updateComposition } from './write-compositions.ts';

const toolset = 'composition';

export const compositionTools: readonly ToolDefinition[] = [
  defineTool({
    name: 'create_composition',
    title: 'Create composition',
    description: 'Say how an XR is composed. Type and functions are checked first.',
    toolset,
    effect: 'create',
    input: z.strictObject({ manifest, dry_run: dryRun }),
    run: createComposition,
  }),
  defineTool({
    name: 'list_compositions',
    title: 'List compositions',
    description: 'Compositions with type, mode and number of XRs.',
    toolset,
    effect: 'read',
    input: z.strictObject({ composite_kind: z.string().optional(), ...page }),
    run: listCompositions,
  }),
  defineTool({
    name: 'get_composition',
    title: 'Get composition',
    description: 'Steps, users and revisions of a composition.',
    toolset,
    effect: 'read',
    input: z.strictObject({ name, detail, fields }),
    run: getComposition,
  }),
  defineTool({
    name: 'update_composition',
    title: 'Update composition',
    description: 'Change a composition: XRs on Automatic follow at once. Lists are replaced whole.',
    toolset,
    effect: 'destructive',
    input: z.strictObject({ name, ...change }),
    run: updateComposition,
  }),
  defineTool({
    name: 'delete_composition',
    title: 'Delete composition',
    description: 'Delete a composition that no XR uses.',
    toolset,
    effect: 'destructive',
    input: z.strictObject({ name }),
    run: deleteComposition,
  }),
  defineTool({
    name: 'list_composition_revisions',
    title: 'List composition revisions',
    description: 'Revisions with the XRs on each, or the difference of two.',
    toolset,
    effect: 'read',
    input: z.strictObject({
      composition: name,
      limit,
      diff: z.array(z.number()).length(2).optional().describe('numbers of two revisions'),
    }),
    run: listCompositionRevisions,
  }),
];
