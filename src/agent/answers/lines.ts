import { oneLine, visibleText } from './visible-text.ts';

type Facts = Record<string, unknown>;

/** Longest text of one fact in a summary; the whole of it is in the manifest. */
const maxFact = 1_000;
const maxCell = 200;

/** A table without padding, which costs a model tokens and tells it nothing: a line of names, then a line for each row. */
export function tableLines(items: readonly Facts[]): string[] {
  const [first] = items;
  if (!first) return [];
  const columns = Object.keys(first);
  return [
    columns.join(' | '),
    ...items.map((item) => columns.map((column) => cell(item[column])).join(' | ')),
  ];
}

/** Named facts, one a line; what lies deeper is indented. */
export function factLines(facts: Facts, indent = ''): string[] {
  return Object.entries(facts).flatMap(([name, value]) => factLine(oneLine(name, 200), value, indent));
}

function factLine(name: string, value: unknown, indent: string): string[] {
  const lead = `${indent}${name}:`;
  if (value === undefined || value === null || value === '') return [`${lead} -`];
  if (Array.isArray(value)) return listLines(lead, value, indent);
  if (typeof value === 'object') {
    const lines = factLines(value as Facts, `${indent}  `);
    return lines.length === 0 ? [`${lead} none`] : [lead, ...lines];
  }
  return [`${lead} ${scalar(value)}`];
}

function listLines(lead: string, values: readonly unknown[], indent: string): string[] {
  if (values.length === 0) return [`${lead} none`];
  const entries = values.map((value) => (isFacts(value) ? flat(value) : scalar(value)));
  const joined = `${lead} ${entries.join(', ')}`;
  if (!values.some(isFacts) && joined.length <= 160) return [joined];
  return [lead, ...entries.map((entry) => `${indent}- ${entry}`)];
}

function flat(facts: Facts): string {
  return Object.entries(facts)
    .filter(([, value]) => value !== undefined && value !== null && value !== '')
    .map(([name, value]) => `${oneLine(name, 200)}: ${isFacts(value) ? `{${flat(value)}}` : scalar(value)}`)
    .join('; ');
}

function isFacts(value: unknown): value is Facts {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function scalar(value: unknown): string {
  return oneLine(Array.isArray(value) ? value.map(scalar).join(', ') : textOf(value), maxFact);
}

function cell(value: unknown): string {
  if (value === undefined || value === null || value === '') return '-';
  // A bar in a cell would shift the row.
  return oneLine(Array.isArray(value) ? value.map(textOf).join(',') : textOf(value), maxCell).replaceAll(
    '|',
    '/',
  );
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? visibleText(value) : (JSON.stringify(value) ?? '-');
}
