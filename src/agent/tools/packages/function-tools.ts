import { z } from 'zod';
import type { KubeObject } from '../../../apimachinery/objects.ts';
import { detail, dryRun, name, page, waitSeconds } from '../parameters.ts';
import { defineTool, type ToolCall, type ToolDefinition } from '../tool.ts';
import { packageKinds } from './package-kinds.ts';
import { listPackages, showPackage } from './package-pages.ts';
import { upgradePackage } from './package-upgrade.ts';

interface Composition extends KubeObject {
  spec: { pipeline?: { step: string; functionRef?: { name: string } }[] };
}

/** `composition/step` of each step that runs the function. */
export async function stepsOf(call: ToolCall, wanted: string): Promise<string[]> {
  const resource = await call.kinds.find('Composition');
  const { items } = await call.api.list<Composition>(resource);
  return items.flatMap(({ metadata, spec }) =>
    (spec.pipeline ?? [])
      .filter(({ functionRef }) => functionRef?.name === wanted)
      .map(({ step }) => `${metadata.name}/${step}`),
  );
}

const listFunctions = defineTool({
  name: 'list_functions',
  title: 'List functions',
  description: 'Functions with version and health.',
  toolset: 'package',
  effect: 'read',
  input: z.strictObject(page),
  run: (call, input) => listPackages(call, 'Function', input),
});

const getFunction = defineTool({
  name: 'get_function',
  title: 'Get function',
  description: 'A function: health, capabilities, compositions that run it.',
  toolset: 'package',
  effect: 'read',
  input: z.strictObject({ name, detail }),
  run: async (call, input) => {
    const [answer, steps] = await Promise.all([
      showPackage(call, 'Function', input),
      stepsOf(call, input.name),
    ]);
    return { ...answer, object: { ...answer.object, used_by_compositions: steps } };
  },
});

const upgrade = defineTool({
  name: 'upgrade_package',
  title: 'Upgrade package',
  description: 'Change a provider, configuration or function to another version, and wait.',
  toolset: 'package',
  effect: 'destructive',
  input: z.strictObject({
    kind: z.enum(packageKinds),
    name,
    version: z.string().describe('tag or digest'),
    wait_seconds: waitSeconds,
    dry_run: dryRun,
  }),
  run: upgradePackage,
});

export const functionTools: readonly ToolDefinition[] = [listFunctions, getFunction, upgrade];
