import { describe, expect, it, jest } from '@jest/globals';
import * as fc from 'fast-check';
import { ConnectorError } from '../../../src/base/errors.ts';
import { elementEditor, ListToApp } from '../../../src/mapping/list.ts';
import { type MappedColumns, mappedColumns } from '../../../src/mapping/table.ts';
import { captured, capturedClusterID, type CapturedName, capturedColumns } from './captured-answers.ts';

function listToApp(columns?: MappedColumns): ListToApp {
  return new ListToApp(elementEditor(columns), capturedClusterID);
}

function map(chunks: readonly Buffer[], columns?: MappedColumns): Buffer {
  const transform = listToApp(columns);
  return Buffer.concat([...chunks.map((chunk) => transform.push(chunk)), transform.end()]);
}

/** From this size on, bytes are looked at before the list ends. */
const batchBytes = 64 * 1024;

function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const ends = [...places.map((place) => place % (bytes.length + 1)), bytes.length].toSorted((a, b) => a - b);
  return ends.map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end));
}

const item = captured('object.json').toString().trim();

/** One claim, made larger by a long string, or a whole list of them. */
function listOf(sizes: readonly number[], space = ''): Buffer {
  const items = sizes.map((size, i) =>
    item.replaceAll('t-one', `t-${i}`).replace('"spec":{', `"spec":{"note":"${'\\"€'.repeat(size / 4)}",`),
  );
  return Buffer.from(
    `{${space}"kind":"List","items":${space}[${space}${items.join(`${space},${space}`)}${space}]${space},"metadata":{"resourceVersion":"7"}}\n`,
  );
}

const answers: [CapturedName, MappedColumns | undefined][] = [
  ['list.json', undefined],
  ['metadata-list.json', undefined],
  ['table.json', mappedColumns(capturedColumns, false)],
  ['table.json', mappedColumns(capturedColumns, true)],
  ['table-objects.json', mappedColumns(capturedColumns, false)],
];

describe('ListToApp', () => {
  it.each(answers)('gives the same bytes wherever %s is cut into chunks', (name, columns) => {
    const bytes = captured(name);
    const whole = map([bytes], columns);
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length), { maxLength: 12 }), (places) => {
        expect(map(cut(bytes, places), columns).equals(whole)).toBe(true);
      }),
    );
  });

  it.each(answers)('gives the same bytes wherever a batch of %s ends', (name, columns) => {
    const head = `{"pad":"${'x'.repeat(batchBytes)}",`;
    const bytes = Buffer.concat([Buffer.from(head), captured(name).subarray(1)]);
    const whole = map([bytes], columns);
    const different: number[] = [];
    for (let end = head.length; end < bytes.length; end += 13) {
      if (!map([bytes.subarray(0, end), bytes.subarray(end)], columns).equals(whole)) different.push(end);
    }
    expect(different).toEqual([]);
  });

  it('gives the same bytes for lists of up to 200 items and items of up to 300 kB', () => {
    const sizes = fc.oneof(
      fc.array(fc.nat(400), { maxLength: 200 }),
      fc.array(fc.nat(300_000), { maxLength: 3 }),
    );
    fc.assert(
      fc.property(
        sizes,
        fc.constantFrom('', ' ', '\n\t'),
        fc.array(fc.nat(), { maxLength: 9 }),
        (all, space, places) => {
          const bytes = listOf(all, space);
          const whole = map([bytes]);
          expect(map(cut(bytes, places)).equals(whole)).toBe(true);
          const { items } = JSON.parse(whole.toString()) as { items: { metadata: { name: string } }[] };
          expect(items.map(({ metadata }) => metadata.name)).toEqual(all.map((_, i) => `t-${i}`));
        },
      ),
      { numRuns: 40 },
    );
  });

  it('throws for every list that ends too early, even behind its last element', () => {
    const bytes = listOf([0, 0], ' ');
    const passed: number[] = [];
    for (let end = 0; end < bytes.length - 1; end++) {
      try {
        map([bytes.subarray(0, end)]);
        passed.push(end);
      } catch (error) {
        expect(error).toBeInstanceOf(ConnectorError);
      }
    }
    expect(passed).toEqual([]);
    expect(map([bytes.subarray(0, -1)]).length).toBeGreaterThan(0);
  });

  it('throws for an element of another app cluster, and for one of none', () => {
    const foreign = captured('list.json').toString().replace(capturedClusterID, 'somebody-else');
    expect(() => map([Buffer.from(foreign)])).toThrow('not of this app cluster');
    expect(() => map([Buffer.from('{"items":[{"metadata":{}}]}')])).toThrow('not of this app cluster');
  });

  it.each(['{"kind":"Status","details":{"items":[1]}}', '{}', '[]'])(
    'throws for what is no list, since it could be taken for an empty one: %s',
    (text) => {
      expect(() => map([Buffer.from(text)])).toThrow('something that is no list');
    },
  );

  it.each(['{"items":null,"metadata":{}}', ' { "items" : [ ] } '])(
    'passes a document without elements as it is: %s',
    (text) => {
      const bytes = Buffer.from(text);
      expect(
        map(
          cut(
            bytes,
            Array.from(text, (_, i) => i),
          ),
        ).toString(),
      ).toBe(text);
    },
  );

  it('copies an element that comes in many pieces a few times, and not with every piece', () => {
    const transform = listToApp();
    const concat = jest.spyOn(Buffer, 'concat');
    transform.push(Buffer.from('{"items":['));
    const chunk = Buffer.alloc(16 * 1024, ' ');
    let pushed = 0;
    for (; pushed < 7 * 1024 * 1024; pushed += chunk.length) transform.push(chunk);
    const copied = concat.mock.results.reduce((sum, { value }) => sum + (value as Buffer).length, 0);
    concat.mockRestore();
    expect(copied).toBeGreaterThan(0);
    expect(copied).toBeLessThan(4 * pushed);
  });

  it('holds at most one element and 64 KiB of a list of 100 MB', () => {
    const chunkBytes = batchBytes;
    const element = Buffer.from(`,${item}`);
    const head = Buffer.from(`{"items":[${item}`);
    const transform = listToApp();
    let pushed = 0;
    let mapped = 0;
    let held = 0;
    const push = (chunk: Buffer): void => {
      pushed += chunk.length;
      const out = transform.push(chunk);
      mapped += out.length;
      // What came out holds no more memory than it needs (small buffers share a pool).
      expect(out.buffer.byteLength).toBeLessThanOrEqual(Math.max(out.length, Buffer.poolSize));
      held = Math.max(held, transform.pendingBytes);
    };
    push(head);
    const elements = Buffer.concat(
      Array.from({ length: Math.ceil((4 * chunkBytes) / element.length) }, () => element),
    );
    for (let round = 0; round * elements.length < 100e6; round++) {
      for (let at = 0; at < elements.length; at += chunkBytes) push(elements.subarray(at, at + chunkBytes));
    }
    push(Buffer.from(']}'));
    mapped += transform.end().length;
    expect(pushed).toBeGreaterThan(100e6);
    expect(mapped).toBeGreaterThan(0.5 * pushed);
    expect(held).toBeLessThan(element.length + 64 * 1024);
  });

  it('maps an element that arrives in many chunks without growing work', () => {
    const bytes = listOf([3_000_000]);
    const chunks = cut(
      bytes,
      Array.from({ length: 2000 }, (_, i) => i * 1500),
    );
    expect(map(chunks).equals(map([bytes]))).toBe(true);
  });
});
