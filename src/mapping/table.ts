import { Edits } from '../apimachinery/json-edit.ts';
import {
  type Bytes,
  isArray,
  isObject,
  isString,
  KeySet,
  readString,
  scanArray,
  scanObject,
} from '../apimachinery/json-scan.ts';
import { type LosslessJson, parseLossless } from '../apimachinery/lossless-json.ts';
import { editToApp, type ToApp } from './claim-view.ts';
import { parseJsonPath } from './json-path.ts';
import {
  cellOf,
  type EvaluatedColumn,
  evaluatedColumn,
  isEvaluated,
  type PrinterColumn,
} from './mapped-cells.ts';
import type { Origin } from './origin.ts';

const rowKeys = new KeySet('cells', 'object');
const tableKeys = new KeySet('rows');

/** Which cells of a row print a mapped field; column 0 is always the name. */
export interface MappedColumns {
  name: readonly number[];
  namespace: readonly number[];
  secretName: readonly number[];
  /** Cells that print the reference to the connection secret as JSON, or all of spec. */
  secretReference: readonly number[];
  /** Cells that are made anew from the metadata the app cluster sees. */
  evaluated: readonly EvaluatedColumn[];
  /** `includeObject=None`: objects were asked for only to map the cells, and go no further. */
  dropObjects: boolean;
}

/**
 * A CRD's Table has the column `Name` first, then its printer columns in order
 * (apiextensions-apiserver/pkg/registry/customresource/tableconvertor).
 */
export function mappedColumns(printerColumns: readonly PrinterColumn[], dropObjects: boolean): MappedColumns {
  const columns = printerColumns.map((column, i) => ({ column, at: i + 1, path: pathText(column.jsonPath) }));
  const at = (path: string): number[] => columns.filter((one) => one.path === path).map((one) => one.at);
  return {
    name: [0, ...at('metadata.name')],
    namespace: at('metadata.namespace'),
    secretName: at('spec.writeConnectionSecretToRef.name'),
    secretReference: [...at('spec.writeConnectionSecretToRef'), ...at('spec')],
    evaluated: columns
      .filter(
        ({ column, path }) =>
          path !== 'metadata.name' && path !== 'metadata.namespace' && isEvaluated(column),
      )
      .map(({ column, at: place }) => evaluatedColumn(column, place)),
    dropObjects,
  };
}

/** A path of fields only, whatever its spelling. */
function pathText(jsonPath: string): string | undefined {
  const steps = parseJsonPath(jsonPath);
  if (!steps?.every((step) => step.kind === 'field')) return undefined;
  return steps.map(({ name }) => name).join('.');
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
  let seen: LosslessJson = null;
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
    if (columns.evaluated.length > 0) {
      const text = own.textOf(bytes, valueStart, object.end);
      seen = parseLossless(text);
    }
    if (columns.dropObjects && !isLastInitialEvent(bytes, valueStart, object.end)) {
      edits.replace(valueStart, object.end, 'null');
    } else {
      edits.addAll(own);
    }
    return object.end;
  });
  if (origin !== undefined) editCells(bytes, cells, origin, seen, edits, columns);
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
  seen: LosslessJson,
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
  for (const column of columns.evaluated) {
    const cell = cells[column.at];
    if (cell) edits.replace(cell.start, cell.end, cellOf(seen, column));
  }
  for (const index of columns.secretReference) {
    const cell = cells[index];
    if (!cell || !isString(bytes, cell.start) || origin.secretName === undefined) continue;
    const shown = JSON.stringify(origin.secretName);
    const text = readString(bytes, cell.start, cell.end);
    const own = text.startsWith('{"name":') // the reference itself
      ? text.replace(/("name":)"[^"]*"/, (_all, key: string) => key + shown)
      : text.replace(/("writeConnectionSecretToRef":\{"name":)"[^"]*"/, (_all, key: string) => key + shown);
    edits.replace(cell.start, cell.end, JSON.stringify(own));
  }
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
