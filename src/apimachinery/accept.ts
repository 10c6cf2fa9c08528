/** One clause of an Accept header. */
export interface AcceptClause {
  type: string;
  subType: string;
  q: number;
  params: Map<string, string>;
}

/**
 * The clauses of an Accept header in the order kube-apiserver tries them (github.com/munnerz/goautoneg, its way of sorting
 * included): by q, and what is named before what a wildcard covers. Clauses it cannot read are left out.
 */
export function parseAccept(header: string): AcceptClause[] {
  const clauses = header.split(',').flatMap((part) => parseClause(part));
  // Go's insertion sort: its order is no total one, so that another algorithm would give another result.
  for (let i = 1; i < clauses.length; i++) {
    for (let j = i; j > 0 && goesBefore(clauses[j] as AcceptClause, clauses[j - 1] as AcceptClause); j--)
      [clauses[j], clauses[j - 1]] = [clauses[j - 1] as AcceptClause, clauses[j] as AcceptClause];
  }
  return clauses;
}

function parseClause(part: string): AcceptClause[] {
  const [media = '', ...params] = part.split(';');
  const [type = '', subType = '', ...more] = media.split('/').map(trim);
  if (more.length > 0 || (subType === '' && type !== '*')) return [];
  const clause = { type, subType: subType === '' ? '*' : subType, q: 1, params: new Map<string, string>() };
  for (const param of params) {
    const [key = '', value = '', ...rest] = param.split('=');
    if (value === '' || rest.length > 0) continue;
    if (trim(key) === 'q') clause.q = parseQuality(value);
    else clause.params.set(trim(key), trim(value));
  }
  return [clause];
}

/** Go's ParseFloat: 0 for what is no number. */
function parseQuality(text: string): number {
  return /^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$/.test(text) ? Number(text) : 0;
}

function trim(text: string): string {
  return text.replaceAll(/^ +| +$/g, '');
}

function goesBefore(a: AcceptClause, b: AcceptClause): boolean {
  return a.q > b.q || (a.type !== '*' && b.type === '*') || (a.subType !== '*' && b.subType === '*');
}
