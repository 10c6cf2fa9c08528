import { type Document, isAlias, isMap, isScalar, isSeq, parseDocument, type YAMLMap } from 'yaml';
import { badRequest } from './status.ts';

/**
 * A YAML body as JSON text, with the values Kubernetes reads: it converts YAML to JSON before it decodes
 * (sigs.k8s.io/yaml), by the rules of go-yaml 2. Those are YAML 1.1 (`yes` is true, `0777` is 511) without its
 * timestamps and base-60 numbers, which stay strings. Integers of any size keep their digits; members keep their order
 * and their duplicates, for strict validation to see.
 *
 * Throws StatusError 400.
 */
export function yamlToJson(text: string): string {
  const document = parseDocument(text, {
    version: '1.1',
    intAsBigInt: true,
    uniqueKeys: false,
    merge: true,
    customTags: (tags) => tags.filter((tag) => !unknownToGo.has(tagName(tag))),
  });
  const [error] = document.errors;
  if (error) throw badRequest(`error converting YAML to JSON: yaml: ${error.message.split('\n', 1)[0]}`);
  try {
    // Resolves aliases and merge keys once, with the limit that keeps a few lines from becoming gigabytes.
    document.toJS({ maxAliasCount: 100 });
  } catch (cause) {
    throw badRequest(`error converting YAML to JSON: yaml: ${(cause as Error).message}`);
  }
  return printNode(document.contents, document);
}

const unknownToGo = new Set(['timestamp', 'intTime', 'floatTime']);

function tagName(tag: unknown): string {
  if (typeof tag === 'string') return tag;
  const { tag: name = '', format } = tag as { tag?: string; format?: string };
  if (name.endsWith(':timestamp')) return 'timestamp';
  return format === 'TIME' ? 'intTime' : name;
}

function printNode(node: unknown, document: Document): string {
  if (isAlias(node)) return printNode(node.resolve(document), document);
  if (isSeq(node)) return `[${node.items.map((item) => printNode(item, document)).join(',')}]`;
  if (isMap(node)) return `{${printMembers(node, document, new Set()).join(',')}}`;
  return printScalar(isScalar(node) ? node.value : node);
}

/** Members in order; of a merged map only those that neither the map itself nor an earlier merge has. */
function printMembers(map: YAMLMap, document: Document, known: ReadonlySet<string>): string[] {
  const own = new Set([
    ...known,
    ...map.items.filter(({ key }) => !isMergeKey(key)).map(({ key }) => keyText(key)),
  ]);
  return map.items.flatMap(({ key, value }) => {
    if (!isMergeKey(key))
      return known.has(keyText(key)) ? [] : [`${JSON.stringify(keyText(key))}:${printNode(value, document)}`];
    const merged = isSeq(value) ? value.items : [value];
    return merged.flatMap((item) => {
      const source = isAlias(item) ? item.resolve(document) : item;
      return isMap(source) ? printMembers(source, document, own) : [];
    });
  });
}

function isMergeKey(key: unknown): boolean {
  return isScalar(key) && (key.value === '<<' || typeof key.value === 'symbol');
}

/** JSON has only string keys; Kubernetes prints the others (convertToJSONableObject of sigs.k8s.io/yaml). */
function keyText(key: unknown): string {
  const value = isScalar(key) ? key.value : key;
  return typeof value === 'string' ? value : printScalar(value);
}

function printScalar(value: unknown): string {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw badRequest(`error converting YAML to JSON: json: unsupported value: ${value}`);
  }
  return JSON.stringify(value ?? null);
}
