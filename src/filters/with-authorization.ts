import type { RequestInfo } from '../apimachinery/request-info.ts';
import type { AccessAttributes } from '../authorization/access-question.ts';
import type { Authorizer } from '../authorization/authorizer.ts';
import type { Filter } from './filter.ts';

export interface AuthorizationDependencies {
  authorizer: Pick<Authorizer, 'authorize'>;
}

/**
 * kube-apiserver has authorized the request already; asked again here, on our own reading of the path, because the
 * two readings could differ, and because not every request comes through kube-apiserver.
 */
export function withAuthorization({ authorizer }: AuthorizationDependencies): Filter {
  return ({ user, info, record }) => {
    // Undone by nothing: a refusal is thrown, and is the last thing that happens to a request.
    record.isAuthorized = false;
    const asked = authorizer.authorize(user, attributesOf(info));
    if (!asked) {
      record.isAuthorized = true;
      return undefined;
    }
    const span = record.span?.child('SubjectAccessReview', 'client', {});
    return asked.then(
      () => {
        record.isAuthorized = true;
        span?.end({ decision: 'allow' });
      },
      (error: unknown) => {
        span?.end({ decision: 'forbid' });
        throw error;
      },
    );
  };
}

export function attributesOf(info: RequestInfo): AccessAttributes {
  if (!info.isResource) return { path: info.path, verb: info.verb };
  const { verb, group, version, resource, subresource, namespace, query } = info;
  const fieldSelector = query.get('fieldSelector') ?? undefined;
  return {
    verb,
    group,
    version,
    resource,
    subresource,
    namespace,
    // A list or watch of one object is authorized by its name (requestinfo.go).
    name: info.name ?? /^metadata\.name==?([^,=]+)$/.exec(fieldSelector ?? '')?.[1],
    fieldSelector,
    labelSelector: query.get('labelSelector') ?? undefined,
  };
}
