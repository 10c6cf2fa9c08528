import {
  getMember,
  isLosslessObject,
  type LosslessJson,
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
      `The allowed maximum operations in a JSON patch is ${maxOperations}, got ${operations.length}`,
    );
  }
  return operations as unknown as PatchOperation[];
}

/** Applies operations to a document. Throws StatusError 422 where one does not fit, as kube-apiserver does. */
export function applyPatch(document: LosslessJson, operations: readonly PatchOperation[]): LosslessJson {
  const root = { document };
  for (const operation of operations) applyOperation(root, operation);
  return root.document;
}

interface Root {
  document: LosslessJson;
}

function applyOperation(root: Root, { op, path, from, value }: PatchOperation): void {
  switch (op) {
    case 'add':
      return put(root, path, required(value), 'add');
    case 'replace':
      find(root, path);
      return put(root, path, required(value), 'replace');
    case 'remove':
      return take(root, path);
    case 'test':
      if (!equal(find(root, path), value ?? null)) throw unprocessable(`testing value ${path} failed`);
      return undefined;
    case 'copy':
      return put(root, path, parseLossless(printLossless(find(root, required(from)))), 'add');
    case 'move': {
      const moved = find(root, required(from));
      take(root, required(from));
      return put(root, path, moved, 'add');
    }
    default:
      throw unprocessable(`Unexpected kind: ${op}`);
  }
}

function required<T>(value: T | undefined): T {
  if (value === undefined) throw unprocessable('missing value');
  return value;
}

function unprocessable(why: string): StatusError {
  return new StatusError(
    422,
    'Invalid',
    `the server rejected our request due to an error in our request: ${why}`,
    {},
  );
}

function tokens(path: string): string[] {
  if (path === '') return [];
  if (!path.startsWith('/')) throw unprocessable(`invalid path ${path}`);
  return path
    .slice(1)
    .split('/')
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function step(parent: LosslessJson, token: string, path: string): LosslessJson {
  let child: LosslessJson | undefined;
  if (Array.isArray(parent)) child = parent[index(token, parent.length - 1, path)];
  else if (isLosslessObject(parent)) child = getMember(parent, token);
  if (child === undefined) throw unprocessable(`missing path ${path}`);
  return child;
}

function index(token: string, last: number, path: string): number {
  const at = /^-?\d+$/.test(token) ? Number(token) : NaN;
  const positive = at < 0 ? at + last + 1 : at;
  if (!(positive >= 0 && positive <= last)) throw unprocessable(`invalid index ${token} in path ${path}`);
  return positive;
}

function find(root: Root, path: string): LosslessJson {
  return tokens(path).reduce((value, token) => step(value, token, path), root.document);
}

function parentOf(root: Root, path: string): { parent: LosslessJson; last: string } {
  const all = tokens(path);
  const last = all.pop() as string;
  return { parent: all.reduce((value, token) => step(value, token, path), root.document), last };
}

function put(root: Root, path: string, value: LosslessJson, how: 'add' | 'replace'): void {
  if (path === '') {
    root.document = value;
    return;
  }
  const { parent, last } = parentOf(root, path);
  if (Array.isArray(parent)) {
    if (how === 'replace') parent[index(last, parent.length - 1, path)] = value;
    else parent.splice(last === '-' ? parent.length : index(last, parent.length, path), 0, value);
  } else if (isLosslessObject(parent)) {
    setMember(parent, last, value);
  } else {
    throw unprocessable(`missing path ${path}`);
  }
}

function take(root: Root, path: string): void {
  find(root, path);
  const { parent, last } = parentOf(root, path);
  if (Array.isArray(parent)) parent.splice(index(last, parent.length - 1, path), 1);
  else if (isLosslessObject(parent)) delete parent[last];
}

function equal(a: LosslessJson, b: LosslessJson): boolean {
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((item, i) => equal(item, b[i] as LosslessJson));
  if (isLosslessObject(a) && isLosslessObject(b)) {
    const keys = Object.keys(a);
    return (
      keys.length === Object.keys(b).length &&
      keys.every((key) => key in b && equal(a[key] as LosslessJson, b[key] as LosslessJson))
    );
  }
  return printLossless(a) === printLossless(b);
}
