import { StatusError } from '../apimachinery/status.ts';
import type { AppName } from '../mapping/identity.ts';
import type { Answer } from '../upstream/control-plane.ts';
import { type ClaimRequest, refusalStatus } from './claim-request.ts';

/** What the control plane said no to, in the user's names, to be thrown: for calls that are a part of the request only. */
export async function refused(
  request: ClaimRequest,
  answer: Answer,
  app: AppName | undefined,
): Promise<StatusError> {
  const { reason, message, details } = await refusalStatus(request, answer, app);
  return new StatusError(answer.status, reason ?? '', message ?? '', details);
}
