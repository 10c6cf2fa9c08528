import { type Bytes, isArray, isObject, noKeys, readString, scanArray, scanObject } from './json-scan.ts';
import { PatchWork } from './patch-work.ts';

/** sigs.k8s.io/json: no more are told than these. */
const maxProblems = 100;

/**
 * What strict decoding says of a JSON text besides what a schema says, in the order and words of sigs.k8s.io/json:
 * `duplicate field "spec.a"`. The text must be valid JSON. Throws StatusError 413 and 400
 * for what would take too much.
 */
export function duplicateFields(bytes: Bytes): string[] {
  return strictProblems(bytes, () => true);
}

const operationFields = new Set(['op', 'path', 'from', 'value']);

/** The same of a JSON Patch, whose operations also have unknown fields: `json patch unknown field "[0].more"`. */
export function patchProblems(bytes: Bytes): string[] {
  return strictProblems(bytes, isKnownInPatch).map((problem) => `json patch ${problem}`);
}

function isKnownInPatch(path: string, key: string): boolean {
  return !/^\[\d+\]$/.test(path) || operationFields.has(key);
}

function strictProblems(bytes: Bytes, isKnown: (path: string, key: string) => boolean): string[] {
  const problems = new Set<string>();
  const work = new PatchWork();
  const visit = (at: number, end: number, path: string): void => {
    work.look(end - at);
    if (isArray(bytes, at)) {
      for (const [i, element] of scanArray(bytes, at, end).elements.entries())
        visit(element.start, element.end, `${path}[${i}]`);
    } else if (isObject(bytes, at)) {
      const seen = new Set<string>();
      for (const member of scanObject(bytes, at, end, noKeys).members) {
        const key = readString(bytes, member.start, member.keyEnd);
        const below = path === '' ? key : `${path}.${key}`;
        if (!isKnown(path, key)) {
          problems.add(`unknown field "${below}"`);
          continue;
        }
        if (seen.has(key)) problems.add(`duplicate field "${below}"`);
        seen.add(key);
        visit(member.valueStart, member.end, below);
      }
    }
  };
  const start = bytes.findIndex((byte) => byte > 0x20);
  PatchWork.guard(() => visit(start, bytes.length, ''));
  return [...problems].slice(0, maxProblems);
}
