import { isLosslessObject, type LosslessJson } from '../apimachinery/lossless-json.ts';
import type { PrinterColumn as Column } from '../catalog/connected-resource.ts';
import { appClusterLabel, appNameLabel, appNamespaceLabel, annotationPrefix } from './identity.ts';
import { firstAt, parseJsonPath, type PathStep } from './json-path.ts';

/** What a cell depends on. */
export type PrinterColumn = Pick<Column, 'jsonPath' | 'type'>;

/** A cell that has to be made anew from the object as the app cluster sees it. */
export interface EvaluatedColumn {
  /** Place of its cell. */
  at: number;
  /** Type of the column, `string` where it is not known. */
  type: string;
  /** Undefined for a path that cannot be followed here: its cell stays empty. */
  path: PathStep[] | undefined;
}

const mappedMetadata = new Set([
  'name',
  'namespace',
  'labels',
  'annotations',
  'ownerReferences',
  'finalizers',
  'managedFields',
]);

/** True where a column prints something of the metadata that the two clusters see differently. */
export function isEvaluated({ jsonPath }: PrinterColumn): boolean {
  const steps = parseJsonPath(jsonPath);
  // `..`, unions and the like can lead anywhere.
  if (!steps) return /metadata|labels|annotations|\.\.|\*|\bname/.test(jsonPath);
  const [first, second, third] = steps;
  if (!first || first.kind !== 'field') return true;
  if (first.name !== 'metadata') return false;
  if (!second || second.kind !== 'field') return true;
  if (!mappedMetadata.has(second.name)) return false;
  const isOfMap = second.name === 'labels' || second.name === 'annotations';
  return !(isOfMap && third?.kind === 'field' && !isHidden(third.name));
}

function isHidden(key: string): boolean {
  return [appClusterLabel, appNamespaceLabel, appNameLabel].includes(key) || key.startsWith(annotationPrefix);
}

export function evaluatedColumn({ jsonPath, type = 'string' }: PrinterColumn, at: number): EvaluatedColumn {
  return { at, type, path: parseJsonPath(jsonPath) };
}

/** JSON of a cell (tableconvertor.go): strings are printed, other types only where the value is of that type. */
export function cellOf(object: LosslessJson, { type, path }: EvaluatedColumn): string {
  const value = path && firstAt(object, path);
  if (value === undefined) return 'null';
  if (type === 'string') return JSON.stringify(printed(value));
  if (value === null) return 'null';
  if (type === 'boolean') return typeof value === 'boolean' ? String(value) : 'null';
  const isNumber = typeof value === 'object' && !Array.isArray(value) && !isLosslessObject(value);
  if (type === 'integer' || type === 'number') return isNumber ? JSON.stringify(value) : 'null';
  if (type === 'date' && typeof value === 'string') return JSON.stringify('<invalid>');
  return 'null';
}

function printed(value: LosslessJson): string {
  if (value === null) return '<nil>';
  if (typeof value === 'string' || typeof value === 'boolean') return String(value);
  return JSON.stringify(sorted(value));
}

/** Go prints the members of a map by name. */
function sorted(value: LosslessJson): LosslessJson {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isLosslessObject(value)) return value;
  const members = Object.keys(value)
    .toSorted()
    .map((key): [string, LosslessJson] => [key, sorted(value[key] as LosslessJson)]);
  return Object.fromEntries(members);
}
