import {
  type CallToolResult,
  ProtocolError,
  ProtocolErrorCode,
  ResourceNotFoundError,
} from '@modelcontextprotocol/server';
import type { ToolDefinition } from '../tools/tool.ts';
import type { Asking, ServedResources } from './served-tools.ts';

/** Calls a tool that reads, as a call by its name would: same rights, limits, audit log and redaction. */
export type CallReader = (
  tool: ToolDefinition,
  args: Record<string, unknown>,
  asking: Asking,
) => Promise<CallToolResult>;

interface Shelf {
  title: string;
  list: string;
  get: string;
  /** Of the template, behind the name of the shelf. */
  parameters: readonly string[];
}

/** By the first part of the address. */
const shelves: Readonly<Record<string, Shelf>> = {
  claims: shelf('Claims', 'list_claims', 'get_claim', ['kind', 'namespace', 'name']),
  composites: shelf('Composite resources', 'list_composite_resources', 'get_composite_resource', [
    'kind',
    'name',
  ]),
  compositions: shelf('Compositions', 'list_compositions', 'get_composition'),
  configurations: shelf('Configurations', 'list_configurations', 'get_configuration'),
  'environment-configs': shelf('Environment configs', 'list_environment_configs', 'get_environment_config'),
  functions: shelf('Functions', 'list_functions', 'get_function'),
  providers: shelf('Providers', 'list_providers', 'get_provider'),
  xrds: shelf('XRDs', 'list_xrds', 'get_xrd'),
};
const scheme = 'crossplane://';
const mimeType = 'text/plain';

/**
 * What the tools of a server list and get, by address: `crossplane://xrds` and `crossplane://xrds/{name}`. The control plane is the
 * server's, and each text says which that is.
 */
export function productResources(tools: readonly ToolDefinition[], call: CallReader): ServedResources {
  const byName = new Map(tools.map((tool) => [tool.name, tool]));
  const offered = Object.entries(shelves).filter(([, { list, get }]) => byName.has(list) && byName.has(get));
  const templates = offered.map(([name, { title, get, parameters }]) => ({
    uriTemplate: `${scheme}${name}/${parameters.map((one) => `{${one}}`).join('/')}`,
    name: get.replace(/^get_/, ''),
    title: `${title}: one of them`,
    description: byName.get(get)?.description ?? '',
    mimeType,
  }));
  return {
    listed: offered.map(([name, { title, list }]) => ({
      uri: `${scheme}${name}`,
      name,
      title,
      description: byName.get(list)?.description ?? '',
      mimeType,
    })),
    templates,
    read: async (uri, asking) => {
      const { tool, args } = readerOf(uri, offered, byName) ?? {};
      if (!tool || !args) throw new ResourceNotFoundError(uri);
      return { contents: [{ uri, mimeType, text: textOf(await call(tool, args, asking), uri) }] };
    },
    listOf: (template) => {
      const at = templates.findIndex(({ uriTemplate }) => uriTemplate === template);
      return offered[at]?.[1].list;
    },
  };
}

function readerOf(
  uri: string,
  offered: readonly (readonly [string, Shelf])[],
  tools: ReadonlyMap<string, ToolDefinition>,
): { tool: ToolDefinition | undefined; args: Record<string, unknown> } | undefined {
  if (!uri.startsWith(scheme)) return undefined;
  const [first = '', ...rest] = uri.slice(scheme.length).split('/');
  const { list, get, parameters } = offered.find(([name]) => name === first)?.[1] ?? {};
  if (list === undefined || get === undefined || parameters === undefined) return undefined;
  if (rest.length === 0) return { tool: tools.get(list), args: {} };
  const values = rest.map(decoded);
  if (values.length !== parameters.length || values.some((value) => !value)) return undefined;
  const tool = tools.get(get);
  return {
    tool,
    args: {
      ...Object.fromEntries(parameters.map((parameter, at) => [parameter, values[at]])),
      ...(tool && 'detail' in tool.input.shape ? { detail: 'full' } : {}),
    },
  };
}

function decoded(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}

/** Throws what the tool's error is in the protocol's words. */
function textOf({ content, isError, structuredContent }: CallToolResult, uri: string): string {
  const text = content.map((block) => (block.type === 'text' ? block.text : '')).join('\n');
  if (!isError) return text;
  const code = (structuredContent as { code?: unknown } | undefined)?.code;
  if (code === 'not_found' || code === 'not_installed') throw new ResourceNotFoundError(uri, text);
  throw new ProtocolError(
    code === 'invalid' ? ProtocolErrorCode.InvalidParams : ProtocolErrorCode.InternalError,
    text,
  );
}

function shelf(title: string, list: string, get: string, parameters: readonly string[] = ['name']): Shelf {
  return { title, list, get, parameters };
}
