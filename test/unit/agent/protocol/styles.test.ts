import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { compactStyle } from '../../../../src/agent/protocol/compact-style.ts';
import { namedStyle } from '../../../../src/agent/protocol/named-style.ts';
import { allTools } from '../../../../src/agent/tools/all-tools.ts';
import { ToolError } from '../../../../src/agent/tools/tool-error.ts';
import { defineTool, type Effect, type ToolDefinition } from '../../../../src/agent/tools/tool.ts';

function tool(
  name: string,
  effect: Effect,
  input: z.ZodObject = z.strictObject({ name: z.string() }),
): ToolDefinition {
  return defineTool({
    name,
    title: name,
    description: name,
    toolset: 'xrd',
    effect,
    input,
    run: async () => ({ summary: name }),
  });
}

describe('the named style', () => {
  it('sets all four hints of each tool, and offers a confirmation where one may be asked for [agent.style.hints]', () => {
    const exposed = namedStyle(
      [tool('get_xrd', 'read'), tool('create_xrd', 'create'), tool('delete_xrd', 'destructive')],
      undefined,
    );
    const hints = { readOnlyHint: false, idempotentHint: false, openWorldHint: false };
    expect(exposed.map(({ listed }) => listed.annotations)).toEqual([
      { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
      { ...hints, destructiveHint: false },
      { ...hints, destructiveHint: true },
    ]);
    expect(exposed.map(({ listed }) => 'confirm' in (listed.inputSchema.properties ?? {}))).toEqual([
      false,
      false,
      true,
    ]);
  });

  it('has no tool that takes the name of the parameter that a confirmation needs [agent.style.hints]', () => {
    const takers = allTools.filter(({ input }) => 'confirm' in input.shape);
    expect(takers.map(({ name }) => name)).toEqual([]);
  });
});

describe('the compact style', () => {
  const revisions = z.strictObject({ composition: z.string(), limit: z.int().optional() });
  const tools = [
    tool('list_xrds', 'read', z.strictObject({ limit: z.int().optional() })),
    tool('list_composition_revisions', 'read', revisions),
    tool('get_xrd', 'read'),
    tool('install_provider', 'create', z.strictObject({ package: z.string() })),
    tool('create_xrd', 'create'),
    tool('update_xrd', 'destructive'),
    tool('upgrade_xrd', 'destructive'),
    tool('uninstall_provider', 'destructive'),
    tool('get_operation_status', 'read'),
    tool('diagnose_resource', 'read'),
  ];
  const exposed = compactStyle(tools, undefined);
  const kindsOf = (one: (typeof exposed)[number]): string[] =>
    ((one.listed.inputSchema.properties ?? {})['kind'] as { enum: string[] }).enum;

  it('has a tool for each verb, with the kinds it is for [agent.style.compact]', () => {
    expect(Object.fromEntries(exposed.map((one) => [one.listed.name, kindsOf(one)]))).toEqual({
      list: ['xrd', 'composition_revision'],
      get: ['xrd'],
      create: ['provider', 'xrd'],
      update: ['xrd', 'upgrade_xrd'],
      delete: ['provider'],
      status: ['operation', 'diagnose_resource'],
    });
  });

  it('leads to the same tools, with what they take [agent.style.compact]', () => {
    const create = exposed.find(({ listed }) => listed.name === 'create');
    expect(create?.route({ kind: 'provider', package: 'p' })).toEqual({
      tool: tools[3],
      args: { package: 'p' },
    });
    expect(() => create?.route({ kind: 'claim' })).toThrow(ToolError);
    expect(() => create?.route({})).toThrow(/kind has to be one of provider, xrd/);
  });

  it('leads around a parameter of a tool that has the name of its own [agent.style.compact]', () => {
    const own = tool('get_tree', 'read', z.strictObject({ kind: z.string(), name: z.string().optional() }));
    const [get] = compactStyle([own], undefined);
    expect(get?.listed.description).toContain('tree(object_kind, name?)');
    expect(get?.route({ kind: 'tree', object_kind: 'Bucket', name: 'b' }).args).toEqual({
      kind: 'Bucket',
      name: 'b',
    });
  });

  it('says of each kind what it needs [agent.style.compact]', () => {
    const list = exposed.find(({ listed }) => listed.name === 'list');
    expect(list?.listed.description).toContain('xrd(limit?); composition_revision(composition, limit?)');
  });

  it('leads to every tool there is, by a kind of its own [agent.style.compact]', () => {
    const reached = compactStyle(allTools, undefined).flatMap((one) =>
      kindsOf(one).map((kind) => one.route({ kind }).tool.name),
    );
    expect(reached.toSorted()).toEqual(allTools.map(({ name }) => name).toSorted());
  });
});
