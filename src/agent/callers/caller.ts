import type { Effect } from '../tools/tool.ts';

/** Who calls a tool. Rate limits, confirmations and audit lines go by `name`; the token it came with is nowhere kept. */
export interface Caller {
  /** Unique within the server: a token's name in the definition, an OAuth subject, `stdio`. */
  name: string;
  groups: readonly string[];
  via: 'token' | 'oauth' | 'stdio' | 'anonymous';
  /** OAuth client; undefined elsewhere. */
  clientId?: string;
  scopes: readonly string[];
}

/** The door of one server: its definition's `authentication`. */
export interface CallerGate {
  /** The caller, or the answer that turns the request away: 400, 401 or 503, with WWW-Authenticate (RFC 6750, RFC 9728). */
  admit(request: Request): Promise<Caller | Response>;
  /** The 403 that names all scopes such a call needs; undefined where the caller has them. */
  refusal(caller: Caller, effect: Effect): Response | undefined;
  /** The document of RFC 9728 where the server takes OAuth tokens. */
  resourceMetadata(): object | undefined;
  /** Headers of every request to the control plane made for this caller: impersonation, or none. May throw ToolError. */
  headersFor(caller: Caller): Record<string, string | string[]>;
  /** Follows no file any more. */
  close(): void;
}

/** Calls of one caller, by class. */
export interface CallLimits {
  /** Milliseconds to wait; 0 where the call may be made, which then counts. */
  take(caller: Caller, effect: Effect): number;
  /** Undefined where too many calls are under way; else what to call once when this one has ended. */
  enter(caller: Caller): (() => void) | undefined;
}
