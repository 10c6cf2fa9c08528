import type { z } from 'zod';
import type { ToolAnswer } from '../answers/tool-answer.ts';
import type { ClusterApi } from '../cluster/cluster-api.ts';
import type { KindDirectory } from '../cluster/kind-directory.ts';

/** Which tools belong together; a server's definition chooses among them. */
export type Toolset =
  | 'xrd'
  | 'composition'
  | 'package'
  | 'environment'
  | 'operation'
  | 'protection'
  | 'claim'
  | 'insight';

/**
 * What a call may do at most: `read` sends nothing but reads, `create` only adds, `destructive` changes or deletes what is
 * there. It decides the hints (annotations), the rate limit's class, read-only, and whether a confirmation is asked for.
 */
export type Effect = 'read' | 'create' | 'destructive';

/** The claims of which app cluster this server shows, under that cluster's names (mapping/identity.ts). */
export interface ClaimConnection {
  clusterId: string;
  claimNamespace: string;
}

/** What a server's definition says that a tool has to follow. */
export interface ToolPolicy {
  /** Fixed package versions only; a confirmation cannot be turned off. */
  production: boolean;
  readOnly: boolean;
  /** Registries (host, or host and path prefix) that packages may come from; every one when left out. */
  registries?: readonly string[];
}

/** What a destructive call would change; shown to whoever confirms it, and bound to the confirmation. */
export interface Change {
  /** One sentence in the future tense: "deletes the XRD x and 3 composite resources with their infrastructure". */
  summary: string;
  /** A line for each object, or group of objects, that goes with it. Short: at most about 20. */
  effects: readonly string[];
  /** The objects as they were read: a confirmation is void when one of them has changed (uid and resourceVersion). */
  objects: readonly { uid: string; resourceVersion: string }[];
}

/** Everything a tool is given for one call. */
export interface ToolCall {
  /** Bound to this call: its caller's identity, deadline and read-only guard. Warnings of the API server gather in it. */
  readonly api: ClusterApi;
  /** Which versions of which kinds the control plane serves, by discovery. */
  readonly kinds: KindDirectory;
  readonly policy: ToolPolicy;
  /** Undefined where the server is not tied to an app cluster: claim tools then use the control plane's own names. */
  readonly connection: ClaimConnection | undefined;
  /** Aborted at the deadline or when the client goes away. */
  readonly signal: AbortSignal;
  /** For what takes a while: shown by clients that asked for progress. */
  progress(message: string): void;
  /**
   * Returns where the change was confirmed by this caller for these arguments and these objects, and throws otherwise: a tool
   * calls it after it has found out what would happen, and before its first write.
   */
  confirm(change: Change): Promise<void>;
}

export interface ToolDefinition<Input extends z.ZodObject = z.ZodObject> {
  /** snake_case; the same under every style and version. */
  name: string;
  /** For people: "Create XRD". */
  title: string;
  /** For the model, short: every word is paid for in each conversation. */
  description: string;
  toolset: Toolset;
  effect: Effect;
  /** Made once, at module scope: building schemas per request costs more than the call. */
  input: Input;
  run(call: ToolCall, input: z.infer<Input>): Promise<ToolAnswer>;
}

/** Keeps the type of the input while it is written down. */
export function defineTool<Input extends z.ZodObject>(tool: ToolDefinition<Input>): ToolDefinition<Input> {
  return tool;
}
