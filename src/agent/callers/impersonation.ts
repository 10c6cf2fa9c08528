import { ToolError } from '../tools/tool-error.ts';
import type { Caller } from './caller.ts';
import type { ImpersonationSettings } from './settings.ts';

/** Of a header's value: what else could stand there differs between those who read it. */
const visible = /^[\x21-\x7E](?:[\x20-\x7E]*[\x21-\x7E])?$/;
const maxGroups = 500;

/**
 * The headers by which the control plane decides, and logs, as the caller (Kubernetes' user impersonation). Throws ToolError
 * `forbidden` for a name that cannot be sent: without it the call would be made with the server's own rights.
 */
export function impersonationHeaders(
  { userPrefix, groupPrefix }: ImpersonationSettings,
  { name, groups }: Caller,
): Record<string, string | string[]> {
  const prefixed = groupPrefix === undefined ? [] : groups.map((group) => `${groupPrefix}${group}`);
  const user = `${userPrefix}${name}`;
  for (const one of [user, ...prefixed])
    if (!visible.test(one) || /^system:/i.test(one))
      throw new ToolError('forbidden', 'this caller has a name or group that cannot be impersonated', {
        hint: "ask the server's administrator for another userClaim or groupsClaim: names have to be visible ASCII",
      });
  if (prefixed.length > maxGroups)
    throw new ToolError(
      'forbidden',
      `this caller has more than ${maxGroups} groups, which cannot be impersonated`,
    );
  return { 'impersonate-user': user, ...(prefixed.length > 0 ? { 'impersonate-group': prefixed } : {}) };
}
