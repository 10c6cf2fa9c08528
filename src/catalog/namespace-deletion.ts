import { matchesPattern } from './resource-patterns.ts';

/**
 * What becomes of claims when their namespace is deleted in the app cluster: they are deleted too; they stay on the control
 * plane and are the app cluster's no longer; or the namespace is not deleted while it holds any.
 */
export type NamespaceDeletionPolicy = 'delete' | 'orphan' | 'block';

export const namespaceDeletionPolicies: readonly NamespaceDeletionPolicy[] = ['delete', 'orphan', 'block'];

/** The policy of the resources that a pattern (`<plural>.<group>`, `*.<group>` or `*`) matches. */
export interface NamespaceDeletionRule {
  pattern: string;
  policy: NamespaceDeletionPolicy;
}

/** That of the first rule that matches. */
export function namespaceDeletionPolicy(
  rules: readonly NamespaceDeletionRule[],
  resource: { plural: string; group: string },
): NamespaceDeletionPolicy {
  return rules.find(({ pattern }) => matchesPattern(pattern, resource))?.policy ?? 'delete';
}
