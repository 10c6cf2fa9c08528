import {
  isLosslessObject,
  type LosslessJson,
  parseLossless,
  printLossless,
} from '../../../src/apimachinery/lossless-json.ts';

interface Frame {
  text: string;
  type: LosslessJson | undefined;
  object: LosslessJson | undefined;
  endsInitialEvents: boolean;
}

/**
 * The events of a watch as they can be compared. Bookmarks go, but for the one that ends the initial events: when they come
 * is the server's affair. Initial events have no order among objects, and neither has anything when `isOrdered` is false:
 * they are sorted by namespace and name then, and those of one object stay in their order.
 */
export function comparableFrames(texts: readonly string[], isOrdered: boolean): string[] {
  const frames = texts.map(read).filter((frame) => frame.type !== 'BOOKMARK' || frame.endsInitialEvents);
  const end = isOrdered ? frames.findIndex((frame) => frame.endsInitialEvents) : frames.length;
  const columns = columnsOf(frames[0]);
  const [unordered, ordered] = [frames.slice(0, Math.max(end, 0)), frames.slice(Math.max(end, 0))];
  const sorted = [...unordered.toSorted((a, b) => compareText(keyOf(a), keyOf(b))), ...ordered];
  if (columns === undefined || sorted[0] === frames[0]) return sorted.map(({ text }) => text);
  // The first event of a Table watch has the columns, whichever it is.
  return sorted.map(({ type = null, object }, at) => {
    const table = isLosslessObject(object) ? { ...object } : {};
    table['columnDefinitions'] = at === 0 ? columns : null;
    return printLossless({ type, object: table });
  });
}

function read(text: string): Frame {
  const event = parseLossless(text);
  const { type, object } = isLosslessObject(event) ? event : {};
  const endsInitialEvents = type === 'BOOKMARK' && text.includes('"k8s.io/initial-events-end":"true"');
  return { text, type, object, endsInitialEvents };
}

function columnsOf(frame: Frame | undefined): LosslessJson | undefined {
  const object = frame?.object;
  return isLosslessObject(object) ? object['columnDefinitions'] : undefined;
}

/** `<namespace>/<name>` of the object, or of the row's; empty for what has none. */
function keyOf({ object }: Frame): string {
  if (!isLosslessObject(object)) return '';
  const { rows, metadata } = object;
  const [row] = Array.isArray(rows) ? rows : [];
  const shown =
    isLosslessObject(row) && isLosslessObject(row['object']) ? row['object']['metadata'] : metadata;
  if (!isLosslessObject(shown)) return '';
  return `${textOf(shown['namespace'])}/${textOf(shown['name'])}`;
}

function textOf(value: LosslessJson | undefined): string {
  return typeof value === 'string' ? value : '';
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
