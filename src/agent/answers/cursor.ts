import { createHash } from 'node:crypto';
import { ToolError } from '../tools/tool-error.ts';

/** How many hex digits of the digest bind a cursor to its call. */
const digestLength = 12;

interface Cursor {
  /** Digest of the tool's name and what selects the list. */
  of: string;
  at: unknown;
}

/**
 * Where the next page of a list begins. It holds all that is needed, so that any replica continues it, and it is bound to the
 * tool and to what selects the list; it grants nothing, since the page is read with the caller's own rights.
 */
export function encodeCursor(tool: string, selection: object, state: unknown): string {
  const cursor: Cursor = { of: digestOf(tool, selection), at: state };
  return Buffer.from(JSON.stringify(cursor)).toString('base64url');
}

/** Undefined for the first page. Throws ToolError `invalid` for a cursor of another call. */
export function decodeCursor(tool: string, selection: object, cursor: string | undefined): unknown {
  if (cursor === undefined || cursor === '') return undefined;
  const parsed = parse(cursor);
  if (parsed?.of === digestOf(tool, selection)) return parsed.at;
  throw new ToolError(
    'invalid',
    parsed ? 'this cursor belongs to a call with other arguments' : 'this is not a cursor of this server',
    {
      hint: 'repeat the call with the arguments of the first page and the cursor as it came, or without cursor',
    },
  );
}

/** Undefined members do not count: they are as good as left out. */
function digestOf(tool: string, selection: object): string {
  const named = Object.entries(selection)
    .filter(([key, value]) => value !== undefined && key !== 'cursor' && key !== 'limit')
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256')
    .update(JSON.stringify([tool, named]))
    .digest('hex')
    .slice(0, digestLength);
}

function parse(cursor: string): Cursor | undefined {
  try {
    const parsed = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as Cursor | null;
    return typeof parsed?.of === 'string' ? parsed : undefined;
  } catch {
    return undefined;
  }
}
