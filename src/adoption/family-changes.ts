import type { ObjectReference } from '../apimachinery/objects.ts';
import type { AdoptionRecord } from './ledger.ts';
import { type AdoptedObject, showMember } from './member.ts';

/**
 * What has become of a family since it was read, a sentence for each; `objects` are beside the members. A composed resource that is
 * not known would not be copied, and the composite resource of the control plane would make another one in its place.
 */
export function changesOfFamily(
  { members, secrets }: AdoptionRecord,
  objects: readonly (AdoptedObject | undefined)[],
): string[] {
  return members.flatMap((member, at) => {
    const spec = objects[at]?.spec ?? {};
    if (member.role === 'claim') {
      const known = secrets.find(({ of }) => of === at)?.from.name;
      if (spec.writeConnectionSecretToRef?.name === known) return [];
      return [
        `${showMember(member)} has another connection Secret than when it was planned: undo, and adopt it again`,
      ];
    }
    if (member.role !== 'composite') return [];
    const known = members
      .filter(({ owner }) => owner === at)
      .map(({ resource, from }) => `${resource.kind} ${from.name}`);
    const named = ((spec['resourceRefs'] ?? []) as Partial<ObjectReference>[]).flatMap(({ kind, name }) =>
      name === undefined ? [] : [`${kind} ${name}`],
    );
    const changed = [
      ...named.filter((one) => !known.includes(one)),
      ...known.filter((one) => !named.includes(one)),
    ];
    if (changed.length === 0) return [];
    return [
      `${showMember(member)} composes something else than when it was planned (${changed.join(', ')}): undo, and adopt it again`,
    ];
  });
}
