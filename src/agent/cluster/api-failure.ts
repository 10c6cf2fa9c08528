import { ConnectorError, describeError } from '../../base/errors.ts';
import { ApiError } from '../../clusters/kube-client.ts';
import { ToolError, type ToolErrorCode } from '../tools/tool-error.ts';

/** Which request it was, as far as it decides what the failure means. */
export interface FailedRequest {
  method: string;
  path: string;
  isWrite: boolean;
  /** The call's: aborted at its deadline. */
  signal: AbortSignal;
}

/**
 * What an agent is told of a failed request. A write that was sent and not answered has an unknown outcome, and the error says
 * how to find out: doing it again blindly, or deleting and creating anew, is what agents do otherwise.
 */
export function apiFailure(error: unknown, request: FailedRequest): unknown {
  if (error instanceof ToolError) return error;
  if (error instanceof ApiError) return refused(error);
  const unknown = request.isWrite
    ? {
        details: { outcome: 'unknown' },
        hint: 'read the object before anything else: the write may have been carried out',
      }
    : {};
  if (request.signal.aborted)
    return new ToolError(
      'timeout',
      `${request.method} ${request.path} was not answered before this call's time-out`,
      { retryable: !request.isWrite, ...unknown },
      { cause: error },
    );
  if (error instanceof ConnectorError)
    return new ToolError(
      'unavailable',
      `the control plane gave no usable answer: ${describeError(error)}`,
      { retryable: !request.isWrite, ...unknown },
      { cause: error },
    );
  return error;
}

function refused(error: ApiError): ToolError {
  const code = codeOf(error);
  return new ToolError(
    code,
    error.message,
    {
      httpStatus: error.status,
      reason: error.reason,
      retryable: code === 'rate_limited' || code === 'unavailable' || code === 'conflict',
      ...hintOf(code),
      ...(error.details ? { details: { ...error.details } } : {}),
    },
    { cause: error },
  );
}

function hintOf(code: ToolErrorCode): { hint?: string } {
  if (code === 'conflict')
    return {
      hint: 'read the object again and repeat the change on what is there now; do not delete and re-create it',
    };
  if (code === 'cursor_expired')
    return { hint: 'the list has moved on since: repeat the call without cursor' };
  if (code === 'in_use') return { hint: 'list_usages shows what protects it, and why' };
  return {};
}

function codeOf({ status, reason, message }: ApiError): ToolErrorCode {
  if (reason === 'AlreadyExists') return 'already_exists';
  // Crossplane's no-usages webhook answers 409 with a sentence of its own (internal/webhook/protection/usage).
  if (status === 409 && /is in-use by|in use by/.test(message)) return 'in_use';
  switch (status) {
    case 404:
      return 'not_found';
    // The connector's own credential is not the agent's affair.
    case 401:
      return 'unavailable';
    case 403:
      return 'forbidden';
    case 409:
      return 'conflict';
    case 410:
      return 'cursor_expired';
    case 400:
    case 422:
      return 'invalid';
    case 429:
      return 'rate_limited';
    case 504:
      return 'timeout';
    default:
      return status >= 500 ? 'unavailable' : 'invalid';
  }
}
