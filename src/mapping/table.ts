import { Edits } from '../apimachinery/json-edit.ts';
import {
  type Bytes,
  isArray,
  isObject,
  isString,
  KeySet,
  scanArray,
  scanObject,
} from '../apimachinery/json-scan.ts';
import { editToApp, type ToApp } from './claim.ts';
import type { Origin } from './origin.ts';

const rowKeys = new KeySet('cells', 'object');
const tableKeys = new KeySet('rows');

/** Which cells of a row print a mapped field; column 0 is always the name. */
export interface MappedColumns {
  name: readonly number[];
  namespace: readonly number[];
  secretName: readonly number[];
  /** `includeObject=None`: objects were asked for only to map the cells, and go no further. */
  dropObjects: boolean;
}

/**
 * A CRD's Table has the column `Name` first, then its printer columns in order
 * (apiextensions-apiserver/pkg/registry/customresource/tableconvertor).
 */
export function mappedColumns(
  printerColumns: readonly { jsonPath: string }[],
  dropObjects: boolean,
): MappedColumns {
  const columns = printerColumns.map(({ jsonPath }, i) => ({
    jsonPath: jsonPath.replace(/^\./, ''),
    at: i + 1,
  }));
  const at = (path: string): number[] =>
    columns.filter(({ jsonPath }) => jsonPath === path).map((column) => column.at);
  return {
    name: [0, ...at('metadata.name')],
    namespace: at('metadata.namespace'),
    secretName: at('spec.writeConnectionSecretToRef.name'),
    dropObjects,
  };
}

/** Edits one row; its `object` is a claim, whole or metadata only. */
export function editRowToApp(
  bytes: Bytes,
  at: number,
  limit: number,
  edits: Edits,
  columns: MappedColumns,
): ToApp {
  let origin: Origin | undefined;
  let cells: { start: number; end: number }[] = [];
  const row = scanObject(bytes, at, limit, rowKeys, (id, valueStart) => {
    if (id === 0 && isArray(bytes, valueStart)) {
      const array = scanArray(bytes, valueStart, limit);
      cells = array.elements;
      return array.end;
    }
    if (id !== 1 || !isObject(bytes, valueStart)) return 0;
    const own = new Edits();
    const object = editToApp(bytes, valueStart, limit, own);
    origin = object.origin;
    if (columns.dropObjects && !isLastInitialEvent(bytes, valueStart, object.end)) {
      edits.replace(valueStart, object.end, 'null');
    } else {
      edits.addAll(own);
    }
    return object.end;
  });
  if (origin !== undefined) editCells(bytes, cells, origin, edits, columns);
  return { end: row.end, origin };
}

const initialEventsEnd = Buffer.from('"k8s.io/initial-events-end"');

/** The bookmark behind a watch's initial events keeps its object whatever was asked for (handlers/response.go asTable). */
function isLastInitialEvent(bytes: Bytes, start: number, end: number): boolean {
  const found = bytes.subarray(start, end).indexOf(initialEventsEnd);
  return found >= 0;
}

function editCells(
  bytes: Bytes,
  cells: readonly { start: number; end: number }[],
  origin: Origin,
  edits: Edits,
  columns: MappedColumns,
): void {
  const put = (indexes: readonly number[], text: string | undefined): void => {
    if (text === undefined) return;
    for (const index of indexes) {
      const cell = cells[index];
      if (cell && isString(bytes, cell.start)) edits.replace(cell.start, cell.end, JSON.stringify(text));
    }
  };
  put(columns.name, origin.app.name);
  put(columns.namespace, origin.app.namespace);
  put(columns.secretName, origin.secretName);
}

/** Edits a whole Table (an answer about one object, or the object of a watch event). */
export function editTableToApp(
  bytes: Bytes,
  at: number,
  limit: number,
  edits: Edits,
  columns: MappedColumns,
): ToApp {
  let origin: Origin | undefined;
  const table = scanObject(bytes, at, limit, tableKeys, (_id, valueStart) => {
    if (!isArray(bytes, valueStart)) return 0;
    const { elements, end } = scanArray(bytes, valueStart, limit);
    for (const element of elements) origin = editRowToApp(bytes, element.start, limit, edits, columns).origin;
    return end;
  });
  return { end: table.end, origin };
}
