import { isLosslessObject, type LosslessJson, type LosslessObject, type RawNumber } from './lossless-json.ts';
import { scalarText } from './yaml-scalar.ts';

/**
 * A value as sigs.k8s.io/yaml prints it (JSONToYAML, by go-yaml 2): block style, sequences as deep as their key, members in
 * go-yaml's own order, lines folded behind column 80.
 */
export function yamlText(value: LosslessJson): string {
  const printer = new YamlPrinter();
  printer.root(value);
  return printer.text();
}

class YamlPrinter {
  #out = '';
  #lineStart = 0;

  text(): string {
    return this.#out.endsWith('\n') ? this.#out : `${this.#out}\n`;
  }

  root(value: LosslessJson): void {
    if (!this.#collection(value, 0, 0, true)) this.#scalar(value, 0);
  }

  /** Prints a map or list that has something in it. A list below a key begins at the key's own column. */
  #collection(value: LosslessJson, mapIndent: number, listIndent: number, inline: boolean): boolean {
    if (Array.isArray(value)) {
      if (value.length === 0) return false;
      this.#list(value, listIndent, inline);
      return true;
    }
    if (!isLosslessObject(value) || Object.keys(value).length === 0) return false;
    this.#map(value, mapIndent, inline);
    return true;
  }

  #map(map: LosslessObject, indent: number, inline: boolean): void {
    const keys = Object.keys(map).toSorted(compareKeys);
    for (const [i, key] of keys.entries()) {
      if (i > 0 || !inline) this.#newLine(indent);
      // go-yaml writes a key of more than 128 bytes, or of several lines, in the long form.
      const isSimple = Buffer.byteLength(key) <= 128 && !/[\r\n\u0085\u2028\u2029]/.test(key);
      if (!isSimple) this.#put('? ');
      this.#put(scalarText(key, { isKey: isSimple, indent: indent + 2, column: this.#column }));
      if (!isSimple) this.#newLine(indent);
      this.#put(':');
      const value = map[key] as LosslessJson;
      if (this.#collection(value, indent + 2, indent, false)) continue;
      this.#put(' ');
      this.#scalar(value, indent + 2);
    }
  }

  #list(list: LosslessJson[], indent: number, inline: boolean): void {
    for (const [i, item] of list.entries()) {
      if (i > 0 || !inline) this.#newLine(indent);
      this.#put('- ');
      if (!this.#collection(item, indent + 2, indent + 2, true)) this.#scalar(item, indent + 2);
    }
  }

  #scalar(value: LosslessJson, indent: number): void {
    if (typeof value === 'string')
      this.#put(scalarText(value, { isKey: false, indent, column: this.#column }));
    else if (Array.isArray(value)) this.#put('[]');
    else if (isLosslessObject(value)) this.#put('{}');
    else if (value === null || typeof value === 'boolean') this.#put(String(value));
    else this.#put(numberText(value));
  }

  get #column(): number {
    return this.#out.length - this.#lineStart;
  }

  #newLine(indent: number): void {
    this.#put(`${this.#out === '' || this.#out.endsWith('\n') ? '' : '\n'}${' '.repeat(indent)}`);
  }

  #put(text: string): void {
    const at = text.lastIndexOf('\n');
    if (at >= 0) this.#lineStart = this.#out.length + at + 1;
    this.#out += text;
  }
}

/** Integers of 64 bits keep their digits; all other numbers are printed as Go's `%g` does. */
function numberText(number: RawNumber): string {
  // Printed again, a raw number is its own text.
  const literal = JSON.stringify(number);
  if (/^-?\d+$/.test(literal)) {
    const integer = BigInt(literal);
    if (integer >= -(2n ** 63n) && integer < 2n ** 64n) return integer.toString();
  }
  const value = Number(literal);
  const [digits = '', power = '0'] = value.toExponential().split('e');
  const exponent = Number(power);
  if (exponent >= -4 && exponent < 6) return plainDecimal(value);
  return `${digits}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
}

function plainDecimal(value: number): string {
  const text = String(value);
  return text.includes('e') ? value.toFixed(20).replace(/0+$/, '') : text;
}

const letter = /\p{L}/u;
const digit = /\p{Nd}/u;

/** keyList.Less of go-yaml: letters behind everything else, numbers by value. */
export function compareKeys(a: string, b: string): number {
  const left = Array.from(a);
  const right = Array.from(b);
  for (let i = 0; i < left.length && i < right.length; i++) {
    const [l, r] = [left[i] as string, right[i] as string];
    if (l === r) continue;
    const [isLeft, isRight] = [letter.test(l), letter.test(r)];
    if (isLeft && isRight) return (l.codePointAt(0) as number) - (r.codePointAt(0) as number);
    if (isLeft || isRight) return isRight ? -1 : 1;
    return compareNumbers(left, right, i) || (l.codePointAt(0) as number) - (r.codePointAt(0) as number);
  }
  return left.length - right.length;
}

function compareNumbers(left: string[], right: string[], at: number): number {
  let lead = 0;
  if (left[at] === '0' || right[at] === '0') {
    for (let j = at - 1; j >= 0 && digit.test(left[j] as string); j--) if (left[j] !== '0') lead = 1;
  }
  const [a, aEnd] = numberAt(left, at, lead);
  const [b, bEnd] = numberAt(right, at, lead);
  return a - b || aEnd - bEnd;
}

function numberAt(runes: string[], at: number, lead: number): [value: number, end: number] {
  let value = lead;
  let end = at;
  for (; end < runes.length && digit.test(runes[end] as string); end++)
    value = value * 10 + ((runes[end] as string).codePointAt(0) as number) - 48;
  return [value, end];
}
