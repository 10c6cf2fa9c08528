import type { LazyJson, LazyMembers } from './lazy-json.ts';
import { PatchWork } from './patch-work.ts';

/**
 * JSON Merge Patch as gopkg.in/evanphx/json-patch.v4 applies it (merge.go): RFC 7396, except that nulls inside the lists of a
 * new value are pruned as well. `document` is changed on the way; both have to be objects.
 * Throws StatusError 413 and 400 for what would take too much.
 */
export function applyMergePatch(document: LazyJson, patch: LazyJson): LazyJson {
  const work = new PatchWork();
  return PatchWork.guard(() => {
    const [members, changes] = [document.members(), patch.members()];
    if (members && changes) mergeMembers(members, changes, work);
    return document;
  });
}

function mergeMembers(members: LazyMembers, changes: LazyMembers, work: PatchWork): void {
  for (const [key, change] of changes) {
    if (change === null) {
      members.delete(key);
      continue;
    }
    const there = members.get(key);
    if (!there) {
      pruneNulls(change, work);
      members.set(key, change);
    } else members.set(key, merge(there, change, work));
  }
}

function merge(there: LazyJson, change: LazyJson, work: PatchWork): LazyJson {
  work.stepInto(there);
  const members = there.members();
  if (!members) {
    pruneNulls(change, work);
    return change;
  }
  work.stepInto(change);
  const changes = change.members();
  if (!changes) return change;
  mergeMembers(members, changes, work);
  return there;
}

function pruneNulls(value: LazyJson | null, work: PatchWork): void {
  work.stepInto(value);
  const members = value?.members();
  for (const [key, member] of members ?? []) {
    if (member === null) members?.delete(key);
    else pruneNulls(member, work);
  }
  for (const element of value?.elements() ?? []) pruneNulls(element, work);
}
