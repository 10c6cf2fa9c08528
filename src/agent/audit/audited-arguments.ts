import { redactedMark, redactText } from '../answers/secret-text.ts';
import { isSensitiveName } from '../answers/sensitive-names.ts';
import { oneLine } from '../answers/visible-text.ts';

const maxText = 200;
const maxItems = 20;
const maxFields = 30;
/** What says which object it is: kept of a manifest or a reference, whose content is not an audit log's. */
const identity = [
  'apiVersion',
  'kind',
  'group',
  'version',
  'plural',
  'name',
  'namespace',
  'uid',
  'resourceVersion',
];

/**
 * What an audit line has of a call's arguments: plain values, with credentials taken out by name and by form; of objects only
 * which they are, what fields they have and how large they are.
 */
export function auditedArguments(args: Record<string, unknown>): Record<string, unknown> {
  const entries = Object.entries(args).slice(0, maxFields);
  return Object.fromEntries(
    entries.map(([key, value]) => [
      auditedText(key),
      // The code of a confirmation is good for one call, and a log is read by others.
      isSensitiveName(key) || key === 'confirm' ? redactedMark : audited(value),
    ]),
  );
}

/** One line, without credentials and not long. For what a client says of itself, too. */
export function auditedText(text: string): string {
  // What comes behind it is not looked at: a client may send megabytes.
  return oneLine(redactText(text.slice(0, 20 * maxText)), maxText);
}

function audited(value: unknown): unknown {
  if (typeof value === 'string') return auditedText(value);
  if (typeof value !== 'object' || value === null) return value;
  if (!Array.isArray(value)) return summaryOf(value as Record<string, unknown>);
  const items = value.slice(0, maxItems).map(audited);
  return value.length > maxItems ? [...items, `… ${value.length - maxItems} more`] : items;
}

function summaryOf(object: Record<string, unknown>): Record<string, unknown> {
  const { metadata } = object;
  const meta = typeof metadata === 'object' && metadata !== null ? (metadata as Record<string, unknown>) : {};
  const known = Object.fromEntries(
    identity.flatMap((key) => {
      const value = object[key] ?? meta[key];
      return typeof value === 'string' ? [[key, auditedText(value)]] : [];
    }),
  );
  const fields = Object.keys(object)
    .filter((key) => !identity.includes(key))
    .slice(0, maxFields)
    .map(auditedText);
  return fields.length === 0 ? known : { ...known, fields, bytes: Buffer.byteLength(JSON.stringify(object)) };
}
