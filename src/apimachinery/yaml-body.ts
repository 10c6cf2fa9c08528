import {
  type Alias,
  Composer,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  Parser,
  type ScalarTag,
  type YAMLMap,
} from 'yaml';
import { maxBodyBytes } from './body-limit.ts';
import { badRequest, requestTooCostly, StatusError } from './status.ts';

/**
 * A YAML body as JSON text, with the values Kubernetes reads: it converts YAML to JSON before it decodes
 * (sigs.k8s.io/yaml), by the rules of go-yaml 2. Those are YAML 1.1 (`yes` is true, `0777` is 511) without its
 * timestamps and base-60 numbers, which stay strings. Integers of any size keep their digits; members keep their order
 * and their duplicates, for strict validation to see, and each stands on its line of the body: sent as YAML, which JSON
 * is, the text is complained of by the body's own line numbers. Of several documents the first counts, as in Kubernetes.
 *
 * Throws StatusError 400, and 413 for a few lines that stand for too much.
 */
export function yamlToJson(text: string): string {
  const lines = new LineCounter();
  try {
    const document = firstDocument(text, lines);
    if (!document) return 'null';
    const { explicit, version } = document.directives.yaml;
    if (explicit === true && version !== '1.1')
      throw badRequest(`${failed} found incompatible YAML document`);
    const [error] = document.errors;
    if (error) throw badRequest(`${failed} ${error.message} at ${placeOf(error.pos[0], lines)}:`);
    // Resolves aliases and merge keys once, with the limit that keeps a few lines from becoming gigabytes.
    document.toJS({ maxAliasCount: 100 });
    return new Printer(document, lines).print();
  } catch (cause) {
    if (cause instanceof StatusError) throw cause;
    // Not to be passed on for somebody else's words: it would be the same bomb there.
    if (cause instanceof ReferenceError && cause.message.startsWith('Excessive alias count'))
      throw requestTooCostly('the YAML contains excessive aliasing');
    throw badRequest(`${failed} ${(cause as Error).message}`);
  }
}

const failed = 'error converting YAML to JSON: yaml:';

/** The others are not even read. */
function firstDocument(text: string, lines: LineCounter): Document.Parsed | undefined {
  const composer = new Composer({
    version: '1.1',
    intAsBigInt: true,
    uniqueKeys: false,
    merge: true,
    lineCounter: lines,
    customTags: (tags) => [octal, ...tags.filter((tag) => !unknownToGo.has(tagName(tag)))],
  });
  const { value } = composer.compose(new Parser(lines.addNewLine).parse(text)).next();
  return value as Document.Parsed | undefined;
}

function placeOf(offset: number, lines: LineCounter): string {
  const { line, col } = lines.linePos(offset);
  return `line ${line}, column ${col}`;
}

/** YAML 1.2 writes octal numbers so, and go-yaml reads them beside those of 1.1. */
const octal: ScalarTag = {
  tag: 'tag:yaml.org,2002:int',
  default: true,
  test: /^[-+]?0o[0-7_]+$/i,
  resolve: (text) => {
    const digits = BigInt(text.replaceAll('_', '').replace(/^[-+]/, '').toLowerCase());
    return text.startsWith('-') ? -digits : digits;
  },
};

const unknownToGo = new Set(['timestamp', 'intTime', 'floatTime']);

function tagName(tag: unknown): string {
  if (typeof tag === 'string') return tag;
  const { tag: name = '', format } = tag as { tag?: string; format?: string };
  if (name.endsWith(':timestamp')) return 'timestamp';
  return format === 'TIME' ? 'intTime' : name;
}

/** Prints one document, every token on the line where its node begins in the body, or on a later one. */
class Printer {
  readonly #document: Document;
  readonly #lines: LineCounter;
  #text = '';
  #line = 1;
  /** Anchored nodes that are being printed. */
  readonly #open = new Set<unknown>();

  constructor(document: Document, lines: LineCounter) {
    this.#document = document;
    this.#lines = lines;
  }

  print(): string {
    this.#node(this.#document.contents);
    return this.#text;
  }

  #node(node: unknown): void {
    this.#moveTo(node);
    // Large values can be repeated up to the limit of aliases; the API server takes no such body either.
    if (this.#text.length > 2 * maxBodyBytes) throw requestTooCostly('the YAML stands for more than it says');
    if (isAlias(node)) this.#alias(node);
    else if (isSeq(node)) {
      this.#text += '[';
      for (const [i, item] of node.items.entries()) {
        if (i > 0) this.#text += ',';
        this.#node(item);
      }
      this.#text += ']';
    } else if (isMap(node)) {
      this.#text += '{';
      this.#members(node, true);
      this.#text += '}';
    } else this.#text += printScalar(isScalar(node) ? node.value : node);
  }

  #alias(alias: Alias): void {
    const target = alias.resolve(this.#document);
    if (this.#open.has(target)) throw badRequest(`${failed} anchor '${alias.source}' value contains itself`);
    this.#open.add(target);
    this.#node(target);
    this.#open.delete(target);
  }

  /** Members in order, those of merged maps in their place: the last one counts, as in go-yaml 2. */
  #members(map: YAMLMap, isFirst: boolean): boolean {
    let first = isFirst;
    for (const { key, value } of map.items) {
      if (isMergeKey(key)) {
        for (const item of isSeq(value) ? value.items.toReversed() : [value]) {
          const source = isAlias(item) ? item.resolve(this.#document) : item;
          if (isMap(source)) first = this.#members(source, first);
        }
        continue;
      }
      if (!first) this.#text += ',';
      first = false;
      this.#moveTo(key);
      this.#text += `${printString(keyText(key))}:`;
      this.#node(value);
    }
    return first;
  }

  #moveTo(node: unknown): void {
    const start = (node as { range?: [number, number, number] | null } | null)?.range?.[0];
    if (start === undefined) return;
    const missing = this.#lines.linePos(start).line - this.#line;
    if (missing <= 0) return;
    this.#text += '\n'.repeat(missing);
    this.#line += missing;
  }
}

function isMergeKey(key: unknown): boolean {
  return isScalar(key) && (typeof key.value === 'symbol' || (key.value === '<<' && key.type === 'PLAIN'));
}

/** JSON has only string keys; Kubernetes prints the others it takes (convertToJSONableObject of sigs.k8s.io/yaml). */
function keyText(key: unknown): string {
  const value = isScalar(key) ? key.value : key;
  if (typeof value === 'string') return value;
  if (!['bigint', 'number', 'boolean'].includes(typeof value))
    throw badRequest('error converting YAML to JSON: yaml: invalid map key');
  return printScalar(value);
}

function printScalar(value: unknown): string {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw badRequest(`error converting YAML to JSON: json: unsupported value: ${value}`);
  }
  // What is tagged as binary is a text in Go.
  if (value instanceof Uint8Array) return printString(Buffer.from(value).toString('utf8'));
  return typeof value === 'string' ? printString(value) : JSON.stringify(value ?? null);
}

/** A JSON string that is a YAML string too: go-yaml folds or refuses these characters where they are not escaped. */
function printString(text: string): string {
  return JSON.stringify(text).replaceAll(
    /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
