/** Where a list goes on, in the form of apiserver/pkg/storage/continue.go. */
export interface ContinueToken {
  /** Of the moment all pages show; -1 for the latest, after that moment was lost. */
  resourceVersion: number;
  /** Keys from here on, below the list's own: `<name>`, or `<namespace>/<name>` in all namespaces. */
  start: string;
}

const version = 'meta.k8s.io/v1';
/** Tells a token that was made here from one of the control plane, whose keys are hashed names. */
const ownMark = 'name';
const hashedKey = /^(claim|nxr)-[0-9a-f]{16}\0?$/;

export function printContinue({ resourceVersion, start }: ContinueToken): string {
  const token = { v: version, rv: resourceVersion, start, by: ownMark };
  return Buffer.from(JSON.stringify(token)).toString('base64url');
}

/**
 * A token by name; undefined for one of the control plane, and for what is none: that one is refused there, in Kubernetes'
 * own words. It selects nothing by itself, so that a forged one shows nothing that the list would not show.
 */
export function parseContinue(text: string): ContinueToken | undefined {
  if (!/^[\w-]+$/.test(text)) return undefined;
  let token: { v?: unknown; rv?: unknown; start?: unknown; by?: unknown } | null;
  try {
    token = JSON.parse(Buffer.from(text, 'base64url').toString('utf8')) as typeof token;
  } catch {
    return undefined;
  }
  if (typeof token !== 'object' || token === null || token.v !== version) return undefined;
  const { rv, start, by } = token;
  if (typeof rv !== 'number' || !Number.isSafeInteger(rv) || rv === 0) return undefined;
  if (typeof start !== 'string' || start === '') return undefined;
  const key = start.replace(/^\//, '');
  if (key !== '' && key.split('/').some((segment) => ['', '.', '..'].includes(segment))) return undefined;
  if (by !== ownMark && hashedKey.test(key)) return undefined;
  return { resourceVersion: rv, start: key };
}
