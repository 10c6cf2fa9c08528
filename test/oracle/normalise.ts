import {
  isLosslessObject,
  type LosslessJson,
  parseLossless,
  printLossless,
} from '../../src/apimachinery/lossless-json.ts';
import { parse as parseYaml } from 'yaml';
import { type Exchange, isPlainBookmark } from './side.ts';

/** An answer without what two servers cannot share; everything else is compared. */
export interface Comparable {
  status: number;
  headers: Record<string, LosslessJson>;
  /** How the body is printed: `compact`, `compact, newline`, `indented`, `yaml`, `text` or `binary`. */
  layout: string;
  body: LosslessJson;
  frames: LosslessJson[] | undefined;
}

/** Of the transport, or of the server in front: they say nothing of the API. */
const ignoredHeaders =
  /^(audit-id|date|content-length|transfer-encoding|connection|keep-alive|x-kubernetes-pf-.*)$/;

const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const instant = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;
const age = /^(<unknown>|\d+[smhd](\d+[smhd])?)$/;
/** apiserver/pkg/storage/names: what is put behind generateName. */
const generated = /[bcdfghjklmnpqrstvwxz2456789]{5}$/;
/** In an object that an error text quotes. */
const quotedVersion = /(resourceVersion\\*":\\*")\d+/g;
const quotedTime = /((?:Timestamp|time)\\*":\\*")\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g;
/** The same in error texts: the catalogue ends such bases in `made-` or `made.`. */
const generatedInText = /(made[-.])[bcdfghjklmnpqrstvwxz2456789]{5}(?="|$)/g;
const timeKeys = new Set(['creationTimestamp', 'deletionTimestamp', 'time']);

/**
 * Makes the answers of one side comparable, in the order they came: the first uid is `uid-1` wherever it stands again, and the
 * first resourceVersion of an object `version-1`, so that what stays the same, and what changes, is still compared.
 * Versions of lists and bookmarks, times and continue tokens are set aside.
 */
export class Normaliser {
  readonly #uids = new Map<string, string>();
  readonly #versions = new Map<string, string>();

  comparable({ status, headers, body, frames }: Exchange): Comparable {
    const kept = Object.entries(headers).filter(([name]) => !ignoredHeaders.test(name));
    const type = String(headers['content-type'] ?? '');
    return {
      status,
      headers: Object.fromEntries(kept.map(([name, value]) => [name, this.#header(name, value)])),
      ...this.#body(body, type),
      // Of a stream that is no text, only the media type is compared.
      frames: type.includes('json')
        ? frames?.map((frame) => this.#value(parseLossless(frame), '')).filter(isNoPassingBookmark)
        : frames && ['binary'],
    };
  }

  /** Two servers make the same document at different times. */
  #header(name: string, value: string | string[]): LosslessJson {
    return name === 'last-modified' || name === 'expires' ? '<time>' : this.#value(value, name);
  }

  #body(bytes: Buffer, type: string): { layout: string; body: LosslessJson } {
    const text = bytes.toString('utf8');
    if (text === '') return { layout: 'empty', body: '' };
    if (type.startsWith('application/yaml'))
      return { layout: 'yaml', body: this.#value(parseYaml(text) as LosslessJson, '') };
    if (!type.includes('json'))
      return type.startsWith('text/')
        ? { layout: 'text', body: this.#text(text) }
        : { layout: 'binary', body: '' };
    // A watch that was asked for by another method than GET.
    if (/\}\n\{/.test(text))
      return {
        layout: 'frames',
        body: text
          .trimEnd()
          .split('\n')
          .map((line) => this.#value(parseLossless(line), '')),
      };
    const isIndented = text.startsWith('{\n');
    const layout = isIndented ? 'indented' : 'compact';
    return {
      layout: text.endsWith('\n') ? `${layout}, newline` : layout,
      body: this.#value(parseLossless(text), ''),
    };
  }

  #value(value: LosslessJson, key: string): LosslessJson {
    if (typeof value === 'string') return this.#string(value, key);
    if (Array.isArray(value)) return value.map((item) => this.#value(item, key === 'cells' ? 'cell' : ''));
    if (!isLosslessObject(value)) return value;
    const { metadata } = value;
    const isObject = isLosslessObject(metadata) && typeof metadata['uid'] === 'string';
    return Object.fromEntries(
      Object.entries(value).map(([name, inner]) => {
        if (name === 'metadata' && isLosslessObject(inner)) return [name, this.#metadata(inner, isObject)];
        // managedFields has uids of owners in its keys: `k:{"uid":"..."}`.
        return [name.includes('"uid":"') ? this.#text(name) : name, this.#value(inner, name)];
      }),
    );
  }

  #metadata(metadata: Record<string, LosslessJson>, isObject: boolean): LosslessJson {
    const base = metadata['generateName'];
    return Object.fromEntries(
      Object.entries(metadata).map(([name, inner]) => {
        if (name === 'resourceVersion' && typeof inner === 'string' && inner !== '')
          return [name, isObject ? this.#version(inner) : '<version>'];
        if (name === 'managedFields' && Array.isArray(inner))
          return [name, inner.map((entry) => this.#value(entry, '')).toSorted(byManager)];
        if (name === 'continue' && inner !== '') return [name, '<continue>'];
        if (
          name === 'name' &&
          typeof base === 'string' &&
          typeof inner === 'string' &&
          inner.startsWith(base)
        )
          return [name, inner.replace(generated, '<5 at random>')];
        return [name, this.#value(inner, name)];
      }),
    );
  }

  #string(text: string, key: string): string {
    if (timeKeys.has(key) && instant.test(text)) return '<time>';
    if (key === 'cell' && (age.test(text) || instant.test(text))) return '<age>';
    return this.#text(text);
  }

  #text(text: string): string {
    return text
      .replaceAll(uuid, (uid) => numbered(this.#uids, uid, 'uid'))
      .replaceAll(quotedVersion, '$1<version>')
      .replaceAll(/\(\d+ vs\. (\d+)\)/g, '(<size> vs. $1)')
      .replaceAll(generatedInText, '$1<5 at random>')
      .replaceAll(quotedTime, '$1<time>')
      .replaceAll(/(current: |Current: )\d+/g, '$1<version>')
      .replaceAll(/(ResourceVersion in (?:the precondition|record) )\(\d{3,}\)/g, '$1(<version>)')
      .replaceAll(/(too old resource version: \d+ )\(\d+\)/g, '$1(<version>)');
  }

  #version(text: string): string {
    return numbered(this.#versions, text, 'version');
  }
}

function numbered(known: Map<string, string>, value: string, what: string): string {
  const name = known.get(value) ?? `${what}-${known.size + 1}`;
  known.set(value, name);
  return name;
}

/** Entries of one operation come by the second they are of, which two servers do not share, and then by these. */
function byManager(a: LosslessJson, b: LosslessJson): number {
  const [one, other] = [a, b].map((entry) =>
    isLosslessObject(entry)
      ? ['operation', 'manager', 'apiVersion', 'subresource']
          .map((key) => printLossless(entry[key] ?? ''))
          .join()
      : '',
  );
  return one === other ? 0 : (one ?? '') < (other ?? '') ? -1 : 1;
}

/**
 * Bookmarks come in a server's own time, and more of them where the cluster writes more: of those in a row one is compared,
 * and none between other events. The one behind initial events always is.
 */
function isNoPassingBookmark(frame: LosslessJson, at: number, frames: LosslessJson[]): boolean {
  const text = printLossless(frame);
  if (at < frames.length - 1 && isPlainBookmark(text)) return false;
  return (
    at === 0 || !text.includes('"type":"BOOKMARK"') || text !== printLossless(frames[at - 1] as LosslessJson)
  );
}
