import type { Edits } from '../apimachinery/json-edit.ts';
import {
  type Bytes,
  type Container,
  isObject,
  isString,
  type Member,
  readString,
} from '../apimachinery/json-scan.ts';
import { LazyJson, printLazy } from '../apimachinery/lazy-json.ts';
import { field } from './claim-spans.ts';

const key = Buffer.from('"kubectl.kubernetes.io/last-applied-configuration"');
const ownKeys = Buffer.from('mcp-connector');

/*
 * When kubectl applies from the server's side to an object that it has applied from its own side before, the API server
 * keeps this annotation up to date (apimachinery/pkg/util/managedfields/internal/lastappliedupdater.go): with the
 * configuration as it came to the control plane. It is shown as it was written.
 */

/** Maps a configuration from the control plane to the app cluster. */
type ToApp<T> = (config: Buffer, origin: T) => Buffer;

/** The member of `annotations`, where it speaks of the control plane's object. */
export function findLastApplied(bytes: Bytes, { inner }: Member, metadata: Container): Member | undefined {
  const member = inner?.members.find((candidate) => isLastApplied(bytes, candidate));
  if (!member || !isString(bytes, member.valueStart)) return undefined;
  const name = metadata.members.find(({ id }) => id === field.name);
  const stored = name && bytes.subarray(name.valueStart + 1, name.end - 1);
  return [ownKeys, stored].some((text) => text && isWithin(bytes, text, member)) ? member : undefined;
}

export function editLastApplied<T>(
  bytes: Bytes,
  annotations: Member,
  metadata: Container,
  origin: T,
  edits: Edits,
  toApp: ToApp<T>,
): void {
  const member = findLastApplied(bytes, annotations, metadata);
  const shown = member && shownText(readString(bytes, member.valueStart, member.end), origin, toApp);
  if (member && shown !== undefined) edits.replace(member.valueStart, member.end, JSON.stringify(shown));
}

/** The inverse, for a write that leaves the annotation as it was shown. */
export function restoreLastApplied<T extends { lastApplied: string | undefined }>(
  bytes: Bytes,
  { inner }: Member,
  live: T,
  edits: Edits,
  toApp: ToApp<T>,
): void {
  if (live.lastApplied === undefined) return;
  const member = inner?.members.find((candidate) => isLastApplied(bytes, candidate));
  if (!member || !isString(bytes, member.valueStart)) return;
  if (readString(bytes, member.valueStart, member.end) === shownText(live.lastApplied, live, toApp))
    edits.replace(member.valueStart, member.end, JSON.stringify(live.lastApplied));
}

/** Undefined for what is no configuration. */
function shownText<T>(stored: string, origin: T, toApp: ToApp<T>): string | undefined {
  const config = Buffer.from(stored);
  if (!isObject(config, 0) || !isJson(config)) return undefined;
  const shown = LazyJson.from(toApp(config, origin));
  // The object it was meant for was pinned by its uid.
  shown?.members()?.get('metadata')?.members()?.delete('uid');
  return `${printLazy(shown)}\n`;
}

function isLastApplied(bytes: Bytes, { start, keyEnd }: Member): boolean {
  return keyEnd - start === key.length && key.compare(bytes, start, keyEnd) === 0;
}

function isWithin(bytes: Bytes, text: Buffer, { valueStart, end }: Member): boolean {
  const found = bytes.indexOf(text, valueStart);
  return found >= 0 && found < end;
}

function isJson(text: Buffer): boolean {
  try {
    JSON.parse(text.toString('utf8'));
    return true;
  } catch {
    return false;
  }
}
