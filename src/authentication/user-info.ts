/** Who asks, as authentication.k8s.io/v1 UserInfo. Shared by caches: readers never change it. */
export interface UserInfo {
  name: string;
  uid?: string;
  groups: string[];
  extra: Record<string, string[]>;
}

const anonymousUser = 'system:anonymous';
const authenticatedGroup = 'system:authenticated';
const unauthenticatedGroup = 'system:unauthenticated';
export const mastersGroup = 'system:masters';

/** A record that takes any key a client may send, `__proto__` included. */
export function emptyExtra(): Record<string, string[]> {
  return Object.create(null) as Record<string, string[]>;
}

/** The user of a request that carries no credential. */
export function anonymous(): UserInfo {
  return { name: anonymousUser, groups: [unauthenticatedGroup], extra: emptyExtra() };
}

/**
 * Every user but the anonymous one is in system:authenticated (apiserver/pkg/authentication/group). The aggregator's own
 * users come without groups and reach discovery and OpenAPI only through it.
 */
export function asAuthenticated(user: UserInfo): UserInfo {
  const { name, groups } = user;
  const known =
    name === anonymousUser || groups.includes(authenticatedGroup) || groups.includes(unauthenticatedGroup);
  return known ? user : { ...user, groups: [...groups, authenticatedGroup] };
}
