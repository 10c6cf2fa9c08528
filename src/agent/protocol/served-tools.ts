import type {
  CallToolResult,
  GetPromptResult,
  InputRequiredResult,
  Prompt,
  ReadResourceResult,
  Resource,
  ResourceTemplateType,
  ServerContext,
  Tool,
} from '@modelcontextprotocol/server';
import type { Caller } from '../callers/caller.ts';
import type { Effect } from '../tools/tool.ts';

/** What stands around a request on every transport. */
export interface Asking {
  caller: Caller;
  ctx: ServerContext;
  /** Name and version that the client gives itself. */
  client: string | undefined;
}

/** A call of a tool. */
export interface ToolRequest extends Asking {
  args: Record<string, unknown>;
  /** The client can put a question to a person, in this call. */
  canAskPerson: boolean;
}

/** A tool as the protocol sees it. */
export interface ServedTool {
  listed: Tool;
  /** Of a call with these arguments; for scopes and limits, which are looked at before it. */
  effectOf(args: Record<string, unknown>): Effect;
  call(request: ToolRequest): Promise<CallToolResult | InputRequiredResult>;
}

/** A prompt as the protocol sees it. */
export interface ServedPrompt {
  listed: Prompt;
  /** Throws ProtocolError where an argument that it needs is missing. */
  get(args: Readonly<Record<string, string>>): GetPromptResult;
  /** The tool whose list has the values of an argument. */
  listOf(argument: string): string | undefined;
}

/** What can be read by an address, each by the tool that reads it: under its rights, limits and audit log. */
export interface ServedResources {
  listed: readonly Resource[];
  templates: readonly ResourceTemplateType[];
  /** Throws ResourceNotFoundError, and ProtocolError with what the tool said. */
  read(uri: string, asking: Asking): Promise<ReadResourceResult>;
  /** The tool whose list has the names behind a template. */
  listOf(template: string): string | undefined;
}

/** Names of a list that begin with `typed`; at most the hundred that the protocol takes. */
export type CompleteNames = (
  list: string,
  typed: string,
  given: Readonly<Record<string, string>>,
  asking: Asking,
) => Promise<{ values: string[]; hasMore: boolean }>;

/** What one server offers at this moment: made once per definition, since a server object of the SDK is made per request. */
export interface ServedTools {
  instructions: string;
  /** In the order of the list. */
  tools: ReadonlyMap<string, ServedTool>;
  /** What goes with the product's own tools, and not with the fixtures of tests. */
  library?: ServedLibrary;
}

export interface ServedLibrary {
  /** In the order of the list. */
  prompts: ReadonlyMap<string, ServedPrompt>;
  resources: ServedResources;
  completeNames: CompleteNames;
}
