/**
 * Why a tool did not do what it was asked for, as an agent can act on it. The codes are part of the contract
 * (docs/agent-gateway.md): agents and their tests match on them.
 */
export type ToolErrorCode =
  | 'not_found'
  | 'forbidden'
  | 'conflict'
  | 'in_use'
  | 'invalid'
  | 'already_exists'
  | 'not_installed'
  | 'feature_off'
  | 'confirmation_required'
  | 'read_only'
  | 'rate_limited'
  | 'timeout'
  | 'cursor_expired'
  | 'unavailable'
  | 'internal';

export interface ToolErrorFacts {
  /** What the API server said; left out where it was not asked. */
  httpStatus?: number;
  /** Kubernetes' reason (metav1.StatusReason). */
  reason?: string;
  /** The next call, or what to ask a person for. */
  hint?: string;
  /** True where the same call may succeed later as it stands. */
  retryable?: boolean;
  /** What is known of the outcome, what blocks, which fields: small, and free of secrets. */
  details?: Record<string, unknown>;
}

/** The one error that a tool answers with (isError); everything else is a fault of the gateway and says nothing of its inside. */
export class ToolError extends Error {
  readonly code: ToolErrorCode;
  readonly facts: ToolErrorFacts;

  /** `message`: one sentence, what and why. */
  constructor(
    code: ToolErrorCode,
    message: string,
    facts: ToolErrorFacts = {},
    options?: { cause?: unknown },
  ) {
    super(message, options);
    this.name = 'ToolError';
    this.code = code;
    this.facts = facts;
  }
}
