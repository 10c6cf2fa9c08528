import type { LazyJson, LazyMembers } from './lazy-json.ts';

/**
 * JSON Merge Patch as gopkg.in/evanphx/json-patch.v4 applies it (merge.go): RFC 7396, except that nulls inside the lists of a
 * new value are pruned as well. `document` is changed on the way; both have to be objects.
 */
export function applyMergePatch(document: LazyJson, patch: LazyJson): LazyJson {
  const [members, changes] = [document.members(), patch.members()];
  if (members && changes) mergeMembers(members, changes);
  return document;
}

function mergeMembers(members: LazyMembers, changes: LazyMembers): void {
  for (const [key, change] of changes) {
    if (change === null) {
      members.delete(key);
      continue;
    }
    const there = members.get(key);
    if (!there) {
      pruneNulls(change);
      members.set(key, change);
    } else members.set(key, merge(there, change));
  }
}

function merge(there: LazyJson, change: LazyJson): LazyJson {
  const members = there.members();
  if (!members) {
    pruneNulls(change);
    return change;
  }
  const changes = change.members();
  if (!changes) return change;
  mergeMembers(members, changes);
  return there;
}

function pruneNulls(value: LazyJson | null): void {
  const members = value?.members();
  for (const [key, member] of members ?? []) {
    if (member === null) members?.delete(key);
    else pruneNulls(member);
  }
  for (const element of value?.elements() ?? []) pruneNulls(element);
}
