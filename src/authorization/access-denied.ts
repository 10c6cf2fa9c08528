import { forbidden, StatusError } from '../apimachinery/status.ts';
import type { UserInfo } from '../authentication/user-info.ts';
import { type AccessAttributes, isResourceRequest } from './access-question.ts';

/**
 * 403 in the words of apiserver/pkg/endpoints/handlers/responsewriters/errors.go ForbiddenStatusError: users and tools
 * know them. `reason` is the authorizer's, often empty.
 */
export function accessDenied(user: UserInfo, attributes: AccessAttributes, reason: string): StatusError {
  const sentence = harmless(whatIsDenied(user, attributes));
  const why = reason ? `${sentence}: ${reason}` : sentence;
  if (!isResourceRequest(attributes)) return new StatusError(403, 'Forbidden', `forbidden: ${why}`, {});
  return forbidden(attributes, attributes.name ?? '', why);
}

function whatIsDenied(user: UserInfo, attributes: AccessAttributes): string {
  const who = `User ${quoted(user.name)} cannot ${attributes.verb}`;
  if (!isResourceRequest(attributes)) return `${who} path ${quoted(attributes.path)}`;
  const { group, resource, subresource, namespace } = attributes;
  const what = `${who} resource ${quoted(subresource ? `${resource}/${subresource}` : resource)} in API group ${quoted(group)}`;
  return namespace ? `${what} in the namespace ${quoted(namespace)}` : `${what} at the cluster scope`;
}

function quoted(text: string): string {
  return JSON.stringify(text);
}

/** A browser that sniffs the answer must not find markup in it. */
function harmless(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
