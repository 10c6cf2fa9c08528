import { readFileSync } from 'node:fs';

/** Answers of a real control plane about four claims of namespace `t-map`, byte for byte. */
export type CapturedName =
  | 'object.json'
  | 'object-pretty.json'
  | 'list.json'
  | 'metadata-list.json'
  | 'table.json'
  | 'table-none.json'
  | 'table-objects.json'
  | 'table-one.json'
  | 'watch.jsonl'
  | 'watch-expired.jsonl'
  | 'watch-table.jsonl'
  | 'watch-table-none.jsonl';

export function captured(name: CapturedName): Buffer {
  return readFileSync(new URL(`../../testdata/mapping/${name}`, import.meta.url));
}

export const capturedClusterID = '5545c58a-0b47-4b77-8590-950e37241c39';

/** Printer columns of the captured API, as Crossplane makes them for a claim. */
export const capturedColumns = [
  { jsonPath: ".status.conditions[?(@.type=='Synced')].status" },
  { jsonPath: ".status.conditions[?(@.type=='Ready')].status" },
  { jsonPath: '.spec.writeConnectionSecretToRef.name' },
  { jsonPath: '.metadata.creationTimestamp' },
];
