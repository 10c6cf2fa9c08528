import type { UserInfo } from '../authentication/user-info.ts';

/** A request on a resource, by the app cluster's names. */
export interface ResourceAttributes {
  verb: string;
  group: string;
  version: string;
  resource: string;
  subresource?: string | undefined;
  namespace?: string | undefined;
  name?: string | undefined;
  /** As in the query. Sent for list, watch and deletecollection only. */
  fieldSelector?: string | undefined;
  labelSelector?: string | undefined;
}

/** A request on any other path; the verb is the HTTP method in lower case. */
export interface NonResourceAttributes {
  path: string;
  verb: string;
}

export type AccessAttributes = ResourceAttributes | NonResourceAttributes;

/** authorization.k8s.io/v1 SubjectAccessReviewSpec. */
export interface AccessReviewSpec {
  user: string;
  groups: string[];
  uid?: string;
  extra?: Record<string, string[]>;
  resourceAttributes?: Record<string, unknown>;
  nonResourceAttributes?: NonResourceAttributes;
}

const selectingVerbs = new Set(['list', 'watch', 'deletecollection']);

export function isResourceRequest(attributes: AccessAttributes): attributes is ResourceAttributes {
  return 'resource' in attributes;
}

/**
 * The question as apiserver/plugin/pkg/authorizer/webhook puts it. Selectors go as text: the API server that is asked
 * parses them (1.31 and later; an older one drops them, which asks for the wider right).
 */
export function accessReviewSpec(user: UserInfo, attributes: AccessAttributes): AccessReviewSpec {
  return {
    user: user.name,
    groups: user.groups,
    ...(user.uid ? { uid: user.uid } : {}),
    extra: user.extra,
    ...(isResourceRequest(attributes)
      ? { resourceAttributes: resourceAttributes(attributes) }
      : { nonResourceAttributes: { path: attributes.path, verb: attributes.verb } }),
  };
}

function resourceAttributes(attributes: ResourceAttributes): Record<string, unknown> {
  const { verb, group, version, resource, subresource, namespace, name } = attributes;
  const selects = selectingVerbs.has(verb);
  const { fieldSelector, labelSelector } = selects ? attributes : {};
  return {
    ...(namespace ? { namespace } : {}),
    verb,
    group,
    version,
    resource,
    ...(subresource ? { subresource } : {}),
    ...(name ? { name } : {}),
    ...(fieldSelector ? { fieldSelector: { rawSelector: fieldSelector } } : {}),
    ...(labelSelector ? { labelSelector: { rawSelector: labelSelector } } : {}),
  };
}
