import { isLosslessObject, type LosslessJson, printLossless } from '../../src/apimachinery/lossless-json.ts';
import type { Comparable } from './normalise.ts';

/** One place in which two answers differ. */
export interface Difference {
  /** `status`, `header content-type`, `layout`, or a path into the body or into a frame: `body.metadata.name`, `frames[2].type`. */
  where: string;
  connector: string;
  reference: string;
}

/** All places in which the answers of the two sides differ; empty where they are identical. */
export function compare(connector: Comparable, reference: Comparable): Difference[] {
  const differences: Difference[] = [];
  const note = (where: string, a: LosslessJson | undefined, b: LosslessJson | undefined): void => {
    differences.push({ where, connector: print(a), reference: print(b) });
  };
  if (connector.status !== reference.status)
    note('status', String(connector.status), String(reference.status));
  for (const name of new Set([...Object.keys(connector.headers), ...Object.keys(reference.headers)])) {
    const [a, b] = [connector.headers[name], reference.headers[name]];
    if (print(a) !== print(b)) note(`header ${name}`, a, b);
  }
  if (connector.layout !== reference.layout) note('layout', connector.layout, reference.layout);
  // Bodies of a success and of a refusal differ everywhere; what was said is enough.
  if (connector.status === reference.status) {
    walk('body', connector.body, reference.body, note);
    walk('frames', connector.frames ?? null, reference.frames ?? null, note);
  } else {
    walk('body.message', messageOf(connector.body), messageOf(reference.body), note);
  }
  return differences;
}

function messageOf(body: LosslessJson): LosslessJson {
  return isLosslessObject(body) ? (body['message'] ?? null) : null;
}

type Note = (where: string, a: LosslessJson | undefined, b: LosslessJson | undefined) => void;

function walk(where: string, a: LosslessJson | undefined, b: LosslessJson | undefined, note: Note): void {
  if (isLosslessObject(a) && isLosslessObject(b)) {
    const keys = Object.keys(a);
    const others = Object.keys(b);
    for (const key of new Set([...keys, ...others])) walk(`${where}.${key}`, a[key], b[key], note);
    const isReordered = keys.length === others.length && keys.some((key, at) => key !== others[at]);
    if (isReordered && keys.toSorted().join() === others.toSorted().join())
      note(`${where} (order)`, keys, others);
    return;
  }
  if (Array.isArray(a) && Array.isArray(b)) {
    if (a.length !== b.length) note(`${where}.length`, String(a.length), String(b.length));
    for (let at = 0; at < Math.min(a.length, b.length); at++) walk(`${where}[${at}]`, a[at], b[at], note);
    return;
  }
  if (print(a) !== print(b)) note(where, a, b);
}

function print(value: LosslessJson | undefined): string {
  return value === undefined ? '(none)' : printLossless(value);
}
