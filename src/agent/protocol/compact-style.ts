import type { JSONObject, Tool } from '@modelcontextprotocol/server';
import { ToolError } from '../tools/tool-error.ts';
import type { ToolDefinition } from '../tools/tool.ts';
import { annotationsOf, type ExposedTool, withConfirmation } from './exposed-tool.ts';
import { type ParameterSchema, parameterSchema } from './tool-schema.ts';

const verbs = ['list', 'get', 'create', 'update', 'delete', 'status'] as const;
type Verb = (typeof verbs)[number];

/** First words of tools' names that stand for another verb. */
const synonyms: Record<string, Verb> = {
  install: 'create',
  uninstall: 'delete',
  upgrade: 'update',
  cancel: 'update',
  pause: 'update',
};

const titles: Record<Verb, string> = {
  list: 'List objects of a kind',
  get: 'Get one object',
  create: 'Create or install',
  update: 'Update or upgrade',
  delete: 'Delete or uninstall',
  status: 'Status and diagnosis',
};

/** What chooses among the tools; a tool's own parameter of that name is called otherwise here. */
const choice = 'kind';
const ownChoice = 'object_kind';

interface Member {
  tool: ToolDefinition;
  kind: string;
  schema: ParameterSchema;
}

/** Six tools with a kind in the place of one tool for each kind and verb. The same tools run, under their own audit names. */
export function compactStyle(
  tools: readonly ToolDefinition[],
  outputSchema: Tool['outputSchema'],
): ExposedTool[] {
  const members = new Map<Verb, Member[]>();
  for (const tool of tools) {
    const { verb, kind } = placeOf(tool);
    const others = members.get(verb) ?? [];
    // update_package and upgrade_package would both be the update of a package.
    const isTaken = others.some((other) => other.kind === kind);
    others.push({ tool, kind: isTaken ? tool.name : kind, schema: parameterSchema(tool.input) });
    members.set(verb, others);
  }
  return verbs.flatMap((verb) => {
    const of = members.get(verb);
    return of ? [exposed(verb, of, outputSchema)] : [];
  });
}

/** "list_composition_revisions" lists the kind composition_revision; whatever has no verb in its name is a kind by it. */
function placeOf({ name, effect }: ToolDefinition): { verb: Verb; kind: string } {
  if (name.endsWith('_status'))
    return { verb: 'status', kind: name.replace(/^get_/, '').replace(/_status$/, '') };
  const [first = '', ...rest] = name.split('_');
  const verb = (verbs as readonly string[]).includes(first) ? (first as Verb) : synonyms[first];
  const kind = rest.join('_');
  if (verb === 'list') return { verb, kind: kind.replace(/s$/, '') };
  if (verb) return { verb, kind };
  return { verb: effect === 'read' ? 'status' : effect === 'create' ? 'create' : 'update', kind: name };
}

function exposed(verb: Verb, members: readonly Member[], outputSchema: Tool['outputSchema']): ExposedTool {
  const byKind = new Map(members.map((member) => [member.kind, member]));
  const kinds = [...byKind.keys()];
  const effects = members.map(({ tool }) => tool.effect);
  const inputSchema: ParameterSchema = {
    type: 'object',
    properties: { [choice]: { type: 'string', enum: kinds }, ...sharedProperties(members) },
    required: [choice],
  };
  return {
    listed: {
      name: verb,
      title: titles[verb],
      description: `${titles[verb]}. Parameters by kind: ${members.map(parametersOf).join('; ')}.`,
      inputSchema: withConfirmation(inputSchema, effects),
      annotations: annotationsOf(effects),
      ...(outputSchema ? { outputSchema } : {}),
    },
    calls: new Map(members.map(({ tool, kind }) => [tool.name, `${verb} (${choice}=${kind})`])),
    route: ({ [choice]: kind, [ownChoice]: own, ...args }) => {
      const member = typeof kind === 'string' ? byKind.get(kind) : undefined;
      if (member)
        return { tool: member.tool, args: { ...args, ...(own === undefined ? {} : { [choice]: own }) } };
      throw new ToolError('invalid', `${choice} has to be one of ${kinds.join(', ')}`, {
        details: { field: choice },
      });
    },
  };
}

/** Under each name the form that all kinds share, or none where they differ: the kind's own tool judges. */
function sharedProperties(members: readonly Member[]): Record<string, JSONObject> {
  const properties: Record<string, JSONObject> = {};
  for (const { schema } of members)
    for (const [own, form] of Object.entries(schema.properties)) {
      const name = shownName(own);
      const known = properties[name];
      if (known === undefined) properties[name] = form;
      else if (JSON.stringify(known) !== JSON.stringify(form))
        properties[name] = form['type'] && known['type'] === form['type'] ? { type: form['type'] } : {};
    }
  return properties;
}

/** "usage(of, by?, reason?)" */
function parametersOf({ kind, schema }: Member): string {
  const names = Object.keys(schema.properties).map((name) =>
    schema.required?.includes(name) ? shownName(name) : `${shownName(name)}?`,
  );
  return `${kind}(${names.join(', ')})`;
}

function shownName(name: string): string {
  return name === choice ? ownChoice : name;
}
