import { Edits } from '../apimachinery/json-edit.ts';
import { isArray, scanArray } from '../apimachinery/json-scan.ts';
import { editEntries } from './managed-fields-view.ts';

/**
 * The inverse, for a PUT: the array to send, given the array a user sends (read from the app cluster, perhaps
 * changed) and the one on the control plane now. Entries the user did not touch go back byte for byte, so that a
 * PUT without a change stays one; what was hidden whole comes back. `[]` and `[{}]` keep their meaning: leave as they
 * are, and reset.
 */
export function restoreManagedFields(sent: string, live: string): string {
  const bytes = Buffer.from(sent);
  const there = Buffer.from(live);
  if (!isArray(bytes, 0) || !isArray(there, 0)) return sent;
  const entries = scanArray(bytes, 0, bytes.length).elements.map(({ start, end }) =>
    bytes.toString('utf8', start, end),
  );
  if (entries.every((entry) => Object.keys(JSON.parse(entry) ?? {}).length === 0)) return sent;
  const spans = scanArray(there, 0, there.length).elements;
  const edits = new Edits();
  const hidden = editEntries(there, spans, 0, there.length, edits);
  const seen = edits.apply(there);
  const shownTexts = scanArray(seen, 0, seen.length).elements.map(({ start, end }) =>
    canonicalText(seen.toString('utf8', start, end)),
  );
  const stored = spans.map((span, i) => ({
    text: there.toString('utf8', span.start, span.end),
    shown: shownTexts[i],
    isKept: hidden.has(span),
  }));
  const changed: string[] = [];
  for (const entry of entries) {
    const canonical = canonicalText(entry);
    const match = stored.find(({ shown, isKept }) => !isKept && shown === canonical);
    if (match) match.isKept = true;
    else changed.push(entry);
  }
  const kept = stored.filter(({ isKept }) => isKept).map(({ text }) => text);
  return `[${[...kept, ...changed].join(',')}]`;
}

/** Clients print the members of an entry in orders of their own. */
function canonicalText(json: string): string {
  return JSON.stringify(JSON.parse(json), (_key, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
}
