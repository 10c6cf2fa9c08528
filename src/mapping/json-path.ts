import { isLosslessObject, type LosslessJson } from '../apimachinery/lossless-json.ts';

/** One step of a printer column's path; undefined bounds reach to the ends. */
export type PathStep =
  | { kind: 'field'; name: string }
  | { kind: 'wildcard' }
  | { kind: 'slice'; from: number | undefined; to: number | undefined; single: boolean }
  | { kind: 'filter'; path: PathStep[]; operator: string; operand: string | number | boolean };

/**
 * The path of a printer column (client-go/util/jsonpath): fields with a backslash before a dot, `['field']`, `[n]`,
 * `[from:to]`, `[*]`, and filters that compare a field with a constant. Undefined for any other construct.
 */
export function parseJsonPath(path: string): PathStep[] | undefined {
  const steps: PathStep[] = [];
  let rest = path.replace(/^\$/, '');
  while (rest !== '') {
    const field = /^\.((?:\\.|[^.[\]\\*'"\s])+)/.exec(rest);
    const bracket = /^\[((?:'[^']*'|"[^"]*"|[^\]'"])*)\]/.exec(rest);
    const wildcard = /^\.\*/.exec(rest);
    let step: PathStep | undefined;
    if (field) step = { kind: 'field', name: (field[1] as string).replaceAll(/\\(.)/g, '$1') };
    else if (wildcard) step = { kind: 'wildcard' };
    else if (bracket) step = parseBracket((bracket[1] as string).trim());
    const read = field ?? wildcard ?? bracket;
    if (!step || !read) return undefined;
    steps.push(step);
    rest = rest.slice(read[0].length);
  }
  return steps;
}

function parseBracket(text: string): PathStep | undefined {
  if (text === '*') return { kind: 'wildcard' };
  const quoted = /^(?:'([^']*)'|"([^"]*)")$/.exec(text);
  if (quoted) return { kind: 'field', name: (quoted[1] ?? quoted[2] ?? '').replaceAll(/\\(.)/g, '$1') };
  if (/^-?\d+$/.test(text)) {
    const from = Number(text);
    return { kind: 'slice', from, to: from === -1 ? undefined : from + 1, single: true };
  }
  const slice = /^(-?\d*):(-?\d*)$/.exec(text);
  if (slice) {
    const [, from = '', to = ''] = slice;
    return {
      kind: 'slice',
      from: from === '' ? undefined : Number(from),
      to: to === '' ? undefined : Number(to),
      single: false,
    };
  }
  const filter = /^\?\(\s*@(.+?)\s*(==|!=)\s*(.+?)\s*\)$/.exec(text);
  const path = filter && parseJsonPath(filter[1] as string);
  if (!filter || !path) return undefined;
  const operand = parseOperand(filter[3] as string);
  return operand === undefined ? undefined : { kind: 'filter', path, operator: filter[2] as string, operand };
}

function parseOperand(text: string): string | number | boolean | undefined {
  const quoted = /^(?:'([^']*)'|"([^"]*)")$/.exec(text);
  if (quoted) return quoted[1] ?? quoted[2] ?? '';
  if (text === 'true' || text === 'false') return text === 'true';
  return /^-?\d+$/.test(text) ? Number(text) : undefined;
}

/** The first value a path leads to, as a cell shows it; undefined where there is none. */
export function firstAt(value: LosslessJson, steps: readonly PathStep[]): LosslessJson | undefined {
  let values: LosslessJson[] = [value];
  for (const step of steps) {
    // Go stops with an error where an index is out of bounds, or no array is there.
    const next = values.flatMap((one) => follow(one, step));
    if (next.length === 0) return undefined;
    values = next;
  }
  return values[0];
}

function follow(value: LosslessJson, step: PathStep): LosslessJson[] {
  switch (step.kind) {
    case 'field':
      return isLosslessObject(value) && Object.hasOwn(value, step.name)
        ? [value[step.name] as LosslessJson]
        : [];
    case 'wildcard':
      if (Array.isArray(value)) return value;
      return isLosslessObject(value) ? Object.values(value) : [];
    case 'slice':
      if (!Array.isArray(value)) return [];
      return value.slice(step.from ?? 0, step.to ?? value.length);
    case 'filter': {
      const elements = Array.isArray(value) ? value : [];
      return elements.filter((element) => {
        const found = firstAt(element, step.path);
        if (found === undefined) return false;
        const isEqual = String(plain(found)) === String(step.operand);
        return step.operator === '==' ? isEqual : !isEqual;
      });
    }
    default:
      return [];
  }
}

function plain(value: LosslessJson): unknown {
  return typeof value === 'object' ? JSON.stringify(value) : value;
}
