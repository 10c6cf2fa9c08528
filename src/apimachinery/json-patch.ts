import {
  type Bytes,
  isObject,
  isNull,
  isString,
  KeySet,
  readString,
  scanArray,
  scanObject,
} from './json-scan.ts';
import { LazyJson, type LazyMembers, printLazy } from './lazy-json.ts';
import { PatchWork } from './patch-work.ts';
import { StatusError } from './status.ts';

/** RFC 6902, as read: what is missing or no string is undefined, and is refused where it is needed. */
export interface PatchOperation {
  op?: string | undefined;
  path?: string | undefined;
  from?: string | undefined;
  /** Null for JSON's null and where it is missing. */
  value: LazyJson | null;
  /** True where op, path or from is neither a string nor null. */
  isMistyped: boolean;
}

/** apiserver/pkg/endpoints/handlers/patch.go: maxJSONPatchOperations. */
const maxOperations = 10_000;
/** apiserver/pkg/server/config.go: JSONPatchMaxCopyBytes. Copies of copies would grow without end otherwise. */
const maxCopiedCharacters = 3 * 1024 * 1024;

const operationKeys = new KeySet('op', 'path', 'from', 'value');

/**
 * Reads the body of a JSON Patch; undefined for what is none, which the control plane refuses in words of its own.
 * `null` is a patch without operations there. Throws StatusError 413 for too many operations.
 */
export function parsePatch(bytes: Bytes): PatchOperation[] | undefined {
  try {
    JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
  const patch = LazyJson.from(bytes);
  if (patch === null) return [];
  if (!patch.elements()) return undefined;
  const { elements } = scanArray(bytes, bytes.indexOf('['), bytes.length);
  if (!elements.every(({ start }) => isObject(bytes, start) || isNull(bytes, start))) return undefined;
  if (elements.length > maxOperations) {
    throw new StatusError(
      413,
      'RequestEntityTooLarge',
      `Request entity too large: The allowed maximum operations in a JSON patch is ${maxOperations}, got ${elements.length}`,
    );
  }
  return elements.map(({ start, end }) => readOperation(bytes, start, end));
}

/** Of duplicate members the last one counts. */
function readOperation(bytes: Bytes, start: number, end: number): PatchOperation {
  const operation: PatchOperation = { value: null, isMistyped: false };
  if (isNull(bytes, start)) return operation;
  for (const { id, valueStart, end: valueEnd } of scanObject(bytes, start, end, operationKeys).members) {
    if (id === 3) operation.value = LazyJson.from(bytes, valueStart, valueEnd);
    const name = (['op', 'path', 'from'] as const)[id];
    if (name === undefined) continue;
    const isText = isString(bytes, valueStart);
    operation[name] = isText ? readString(bytes, valueStart, valueEnd) : undefined;
    if (!isText && !isNull(bytes, valueStart)) operation.isMistyped = true;
  }
  return operation;
}

/**
 * Applies operations to a document, which is changed on the way. Throws StatusError 422 where one does not fit, as
 * kube-apiserver does.
 *
 * Follows gopkg.in/evanphx/json-patch.v4 (v4.12) where that differs from RFC 6902: a missing member is null to `test`, may be
 * replaced, and a missing `value` is null; the whole document can be replaced and tested only, and a whole document that
 * is no object and no array changes nothing.
 */
export function applyPatch(document: LazyJson, operations: readonly PatchOperation[]): LazyJson {
  const root: Root = { document, copied: 0, work: new PatchWork() };
  return PatchWork.guard(() => {
    for (const operation of operations) applyOperation(root, operation);
    return root.document;
  });
}

interface Root {
  document: LazyJson;
  /** Characters that `copy` operations have copied so far. */
  copied: number;
  work: PatchWork;
}

function applyOperation(root: Root, { op, path, from, value }: PatchOperation): void {
  switch (op) {
    case 'add':
      return add(root, path, value);
    case 'replace':
      return replace(root, path, value);
    case 'remove':
      take(root, path);
      return undefined;
    case 'test':
      if (!equal(path === '' ? root.document : find(root, path), value, root.work)) throw unprocessable();
      return undefined;
    case 'copy':
      return add(root, path, copy(root, from));
    case 'move':
      return add(root, path, take(root, from));
    default:
      throw unprocessable();
  }
}

/** What patch.go answers whatever the reason is. */
function unprocessable(): StatusError {
  return new StatusError(
    422,
    'Invalid',
    'the server rejected our request due to an error in our request',
    {},
  );
}

/** The object or array a pointer leads into, and the last token. */
interface Place {
  members: LazyMembers | undefined;
  elements: (LazyJson | null)[];
  last: string;
}

function placeOf(root: Root, path: string | undefined): Place {
  // What stands before the first slash is not looked at.
  const [, ...tokens] = (path ?? '').split('/').map((token) => token.replaceAll(/~[01]/g, unescape));
  const last = tokens.pop();
  if (last === undefined) throw unprocessable();
  const parent = tokens.reduce<LazyJson | null>((at, token) => childOf(root, at, token), root.document);
  root.work.stepInto(parent);
  const members = parent?.members();
  const elements = members ? [] : parent?.elements();
  if (!elements) throw unprocessable();
  root.work.move(elements.length);
  return { members, elements, last };
}

function unescape(token: string): string {
  return token === '~1' ? '/' : '~';
}

function childOf(root: Root, parent: LazyJson | null, token: string): LazyJson | null {
  root.work.stepInto(parent);
  const members = parent?.members();
  if (members) return members.get(token) ?? null;
  const elements = parent?.elements();
  if (!elements) throw unprocessable();
  return elements[index(token, elements.length - 1)] ?? null;
}

/** Negative ones count from behind (SupportNegativeIndices). */
function index(token: string, last: number): number {
  const at = /^[-+]?\d+$/.test(token) ? Number(token) : NaN;
  const positive = at < 0 ? at + last + 1 : at;
  if (!(positive >= 0 && positive <= last)) throw unprocessable();
  return positive;
}

function find(root: Root, path: string | undefined): LazyJson | null {
  const { members, elements, last } = placeOf(root, path);
  return (members ? members.get(last) : elements[index(last, elements.length - 1)]) ?? null;
}

function add(root: Root, path: string | undefined, value: LazyJson | null): void {
  const { members, elements, last } = placeOf(root, path);
  if (members) members.set(last, value);
  else elements.splice(last === '-' ? elements.length : index(last, elements.length), 0, value);
}

function replace(root: Root, path: string | undefined, value: LazyJson | null): void {
  if (path === '') {
    if (value?.members() || value?.elements()) root.document = value;
    return;
  }
  const { members, elements, last } = placeOf(root, path);
  if (members) members.set(last, value);
  else elements[index(last, elements.length - 1)] = value;
}

/** Removes and returns a value. */
function take(root: Root, path: string | undefined): LazyJson | null {
  const { members, elements, last } = placeOf(root, path);
  if (!members) return elements.splice(index(last, elements.length - 1), 1)[0] ?? null;
  const taken = members.get(last);
  if (taken === undefined) throw unprocessable();
  members.delete(last);
  return taken;
}

function copy(root: Root, from: string | undefined): LazyJson | null {
  const text = printLazy(find(root, from));
  root.copied += text.length;
  if (root.copied > maxCopiedCharacters) throw unprocessable();
  return LazyJson.parse(text);
}

/** Objects whatever their order; all else by its text, so that 1 is not 1.0. */
function equal(a: LazyJson | null, b: LazyJson | null, work: PatchWork): boolean {
  if (a === null || b === null) return a === b;
  work.stepInto(a);
  work.stepInto(b);
  const [members, others] = [a.members(), b.members()];
  if (members && others) {
    return (
      members.size === others.size &&
      [...members].every(([key, value]) => others.has(key) && equal(value, others.get(key) ?? null, work))
    );
  }
  const [elements, otherElements] = [a.elements(), b.elements()];
  if (elements && otherElements) {
    return (
      elements.length === otherElements.length &&
      elements.every((item, at) => equal(item, otherElements[at] ?? null, work))
    );
  }
  return !members && !others && !elements && !otherElements && a.toString() === b.toString();
}

/** The patch with a `test` behind its operations, which keep their places in error texts. The bytes must be a patch. */
export function withTest(patch: Bytes, path: string, value: string): Buffer {
  const test = JSON.stringify({ op: 'test', path, value });
  const at = patch.lastIndexOf(']');
  if (at < 0) return Buffer.from(`[${test}]`);
  const isEmpty = scanArray(patch, patch.indexOf('['), patch.length).elements.length === 0;
  return Buffer.concat([patch.subarray(0, at), Buffer.from(isEmpty ? test : `,${test}`), patch.subarray(at)]);
}
