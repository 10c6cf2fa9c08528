import type { Edits } from '../apimachinery/json-edit.ts';
import {
  type Bytes,
  type Container,
  isNull,
  isObject,
  KeySet,
  type Member,
  scanObject,
} from '../apimachinery/json-scan.ts';

/*
 * `spec.resourceRef` names the composite resource (XR) of a claim, and `spec.compositionRef` and
 * `spec.compositionRevisionRef` what it is composed by. Crossplane writes them. A whole object that lacks the first makes
 * it compose a second XR and leak the first (crossplane/crossplane#3049); one that names another XR nobody has claimed binds
 * to it, whoever made it, and deletes it with the claim.
 */

const rootKeys = new KeySet('spec');
const referenceNames = ['resourceRef', 'compositionRef', 'compositionRevisionRef'] as const;
const referenceKeys = new KeySet(...referenceNames);
const resourceRef = 0;

/** Members of `spec` that only Crossplane writes, for patches that would touch them. */
export function isKeptReference(key: string): boolean {
  return referenceNames.some((name) => name === key);
}

/** Puts back what `bytes`, a whole object that replaces `live`, leaves out or sets to null. */
export function keepReferences(bytes: Bytes, live: Bytes, edits: Edits): void {
  const stored = specsOf(live).at(-1)?.spec;
  if (!stored) return;
  const texts = new Map(
    referencesOf(live, stored).map(({ id, valueStart, end }) => [id, live.toString('utf8', valueStart, end)]),
  );
  if (texts.size === 0) return;
  for (const { member, spec } of specsOf(bytes)) {
    const missing = new Map(texts);
    for (const { id, valueStart, end } of spec?.members ?? []) {
      const text = missing.get(id);
      missing.delete(id);
      if (text !== undefined && isNull(bytes, valueStart)) edits.replace(valueStart, end, text);
    }
    const added = [...missing].map(([id, text]) => `"${referenceNames[id]}":${text}`).join(',');
    if (added === '') continue;
    if (spec) edits.insert(spec.start + 1, added + (spec.members.length > 0 ? ',' : ''));
    else if (isNull(bytes, member.valueStart)) edits.replace(member.valueStart, member.end, `{${added}}`);
  }
}

/** True where a body names an XR, and `live` (undefined on create) does not have exactly that one. */
export function namesAnotherResource(bytes: Bytes, live: Bytes | undefined): boolean {
  const stored = live && specsOf(live).at(-1)?.spec;
  const [own] = live && stored ? referencesOf(live, stored).filter(({ id }) => id === resourceRef) : [];
  const ownText = own && live ? canonicalText(live, own) : undefined;
  return specsOf(bytes).some(({ spec }) =>
    (spec ? referencesOf(bytes, spec) : []).some(
      (member) => member.id === resourceRef && canonicalText(bytes, member) !== ownText,
    ),
  );
}

interface Spec {
  member: Member;
  /** Undefined where it is no object. */
  spec: Container | undefined;
}

/** Every occurrence of `spec`: of duplicate keys the last one counts, and none may be talked past. */
function specsOf(bytes: Bytes): Spec[] {
  const specs: Spec[] = [];
  scanObject(bytes, bytes.indexOf('{'), bytes.length, rootKeys, (_id, at, member) => {
    const spec = isObject(bytes, at) ? scanObject(bytes, at, bytes.length, referenceKeys) : undefined;
    specs.push({ member, spec });
    return spec?.end ?? 0;
  });
  return specs;
}

function referencesOf(bytes: Bytes, spec: Container): Member[] {
  return spec.members.filter(({ id, valueStart }) => id >= 0 && !isNull(bytes, valueStart));
}

function canonicalText(bytes: Bytes, { valueStart, end }: Member): string {
  const value = JSON.parse(bytes.toString('utf8', valueStart, end)) as unknown;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return JSON.stringify(value);
  return JSON.stringify(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
