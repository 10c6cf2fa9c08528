import {
  getMember,
  isLosslessObject,
  type LosslessJson,
  type LosslessObject,
  parseLossless,
  printLossless,
  setMember,
} from './lossless-json.ts';
import { badRequest, StatusError } from './status.ts';

/** RFC 6902. */
export interface PatchOperation {
  op: string;
  path: string;
  from?: string;
  value?: LosslessJson;
}

/** apiserver/pkg/endpoints/handlers/patch.go: maxJSONPatchOperations. */
const maxOperations = 10_000;
/** apiserver/pkg/server/config.go: JSONPatchMaxCopyBytes. Copies of copies would grow without end otherwise. */
const maxCopiedCharacters = 3 * 1024 * 1024;

/** Reads the body of a JSON Patch. Throws StatusError 400 for what is none, 413 for too many operations. */
export function parsePatch(text: string): PatchOperation[] {
  let operations: LosslessJson;
  try {
    operations = parseLossless(text);
  } catch (cause) {
    throw badRequest(`error decoding patch: ${(cause as Error).message}`);
  }
  if (!Array.isArray(operations) || !operations.every(isLosslessObject)) {
    throw badRequest('error decoding patch: a JSON Patch is an array of operations');
  }
  if (operations.length > maxOperations) {
    throw new StatusError(
      413,
      'RequestEntityTooLarge',
      `Request entity too large: The allowed maximum operations in a JSON patch is ${maxOperations}, got ${operations.length}`,
    );
  }
  return operations as unknown as PatchOperation[];
}

/**
 * Applies operations to a document. Throws StatusError 422 where one does not fit, as kube-apiserver does.
 *
 * Follows gopkg.in/evanphx/json-patch.v4 where that differs from RFC 6902: a missing member is null to `test`, may be
 * replaced, and a missing `value` is null; the whole document can be replaced and tested only.
 */
export function applyPatch(document: LosslessJson, operations: readonly PatchOperation[]): LosslessJson {
  const root = { document, copied: 0 };
  for (const operation of operations) applyOperation(root, operation);
  return root.document;
}

interface Root {
  document: LosslessJson;
  /** Characters that `copy` operations have copied so far. */
  copied: number;
}

function applyOperation(root: Root, { op, path, from, value = null }: PatchOperation): void {
  switch (op) {
    case 'add':
      return add(root, path, value);
    case 'replace':
      return replace(root, path, value);
    case 'remove':
      take(root, path);
      return undefined;
    case 'test':
      if (!equal(path === '' ? root.document : find(root, path), value)) throw unprocessable();
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
function parentOf(root: Root, path: unknown): { parent: LosslessJson[] | LosslessObject; last: string } {
  if (typeof path !== 'string' || !path.includes('/')) throw unprocessable();
  // What stands before the first slash is not looked at.
  const [, ...tokens] = path.split('/').map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
  const last = tokens.pop() as string;
  const parent = tokens.reduce(childOf, root.document);
  if (!Array.isArray(parent) && !isLosslessObject(parent)) throw unprocessable();
  return { parent, last };
}

function childOf(parent: LosslessJson, token: string): LosslessJson {
  if (Array.isArray(parent)) return parent[index(token, parent.length - 1)] as LosslessJson;
  if (!isLosslessObject(parent)) throw unprocessable();
  return getMember(parent, token) ?? null;
}

/** Negative ones count from behind (SupportNegativeIndices). */
function index(token: string, last: number): number {
  const at = /^[-+]?\d+$/.test(token) ? Number(token) : NaN;
  const positive = at < 0 ? at + last + 1 : at;
  if (!(positive >= 0 && positive <= last)) throw unprocessable();
  return positive;
}

function find(root: Root, path: unknown): LosslessJson {
  const { parent, last } = parentOf(root, path);
  return childOf(parent, last);
}

function add(root: Root, path: unknown, value: LosslessJson): void {
  const { parent, last } = parentOf(root, path);
  if (!Array.isArray(parent)) setMember(parent, last, value);
  else parent.splice(last === '-' ? parent.length : index(last, parent.length), 0, value);
}

function replace(root: Root, path: unknown, value: LosslessJson): void {
  if (path === '') {
    root.document = value;
    return;
  }
  const { parent, last } = parentOf(root, path);
  if (!Array.isArray(parent)) setMember(parent, last, value);
  else parent[index(last, parent.length - 1)] = value;
}

/** Removes and returns a value. */
function take(root: Root, path: unknown): LosslessJson {
  const { parent, last } = parentOf(root, path);
  if (Array.isArray(parent)) return parent.splice(index(last, parent.length - 1), 1)[0] as LosslessJson;
  const taken = getMember(parent, last);
  if (taken === undefined) throw unprocessable();
  delete parent[last];
  return taken;
}

function copy(root: Root, from: unknown): LosslessJson {
  const text = printLossless(find(root, from));
  root.copied += text.length;
  if (root.copied > maxCopiedCharacters) throw unprocessable();
  return parseLossless(text);
}

function equal(a: LosslessJson, b: LosslessJson): boolean {
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((item, i) => equal(item, b[i] as LosslessJson));
  if (isLosslessObject(a) && isLosslessObject(b)) {
    const keys = Object.keys(a);
    return (
      keys.length === Object.keys(b).length &&
      keys.every((key) => Object.hasOwn(b, key) && equal(a[key] as LosslessJson, b[key] as LosslessJson))
    );
  }
  return printLossless(a) === printLossless(b);
}
