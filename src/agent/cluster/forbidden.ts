import type { ReviewedRight } from '../../clusters/own-rights.ts';
import { parseRequestInfo } from '../../apimachinery/request-info.ts';
import { ToolError } from '../tools/tool-error.ts';

/** SelfSubjectAccessReview, as `ClusterApi.may` asks it. */
type Ask = (attributes: ReviewedRight) => Promise<boolean>;

/**
 * A 403 in words that somebody can act on: the right that is missing and whom to ask for it, or that the right is there and a
 * policy of the cluster said no. The API server's sentence alone leaves that open.
 */
export async function explainForbidden(
  refusal: ToolError,
  method: string,
  path: string,
  may: Ask,
): Promise<ToolError> {
  const info = parseRequestInfo(method, path);
  if (!info.isResource) return refusal;
  const { verb, group, resource, namespace, name } = info;
  const attributes = {
    verb,
    group,
    resource,
    ...(namespace === undefined ? {} : { namespace }),
    ...(name === undefined ? {} : { name }),
  };
  const isAllowed = await may(attributes).catch(() => undefined);
  const { facts } = refusal;
  if (isAllowed === true)
    return new ToolError(
      'forbidden',
      refusal.message,
      {
        ...facts,
        hint: 'the account has the right: an admission policy or a quota of the control plane refused this; change what it names, or ask the people of the control plane',
      },
      { cause: refusal.cause },
    );
  if (isAllowed === undefined) return refusal;
  const right = `${verb} ${group === '' ? resource : `${resource}.${group}`}`;
  const where = namespace === undefined ? '' : ` in the namespace ${namespace}`;
  const account = /User "([^"]+)"/.exec(refusal.message)?.[1];
  const who = account === undefined ? "this server's account" : `this server's account ${account}`;
  return new ToolError(
    'forbidden',
    `${who} may not ${right}${where}`,
    {
      ...facts,
      hint: `ask the people of the control plane for a role with "${right}"${where}; deploy/control-plane.yaml has two for the servers of this gateway. Repeating the call does not help`,
    },
    { cause: refusal },
  );
}
