import { describe, expect, it } from '@jest/globals';
import { OrderedList } from '../../../src/mapping/ordered-list.ts';

interface Shown {
  metadata: Record<string, unknown>;
  items: string[];
}

function listOf(keys: readonly string[], metadata: string, slabs?: () => Buffer): OrderedList {
  const list = new OrderedList(slabs);
  list.add(Buffer.from('{"items":['), []);
  for (const [i, key] of keys.entries()) {
    const text = JSON.stringify(key);
    const separator = i === 0 ? '' : ',';
    const end = separator.length + text.length;
    list.add(Buffer.from(separator + text), [{ key, start: separator.length, end }]);
  }
  list.add(Buffer.from(`],"metadata":${metadata}}\n`), []);
  return list;
}

const read = (pieces: Iterable<Buffer>): Shown =>
  JSON.parse(Buffer.concat([...pieces]).toString('utf8')) as Shown;

const keys = ['b/a', 'a/b', 'a-b/a', 'a/a', 'a/a-b', 'a/a.b'];
const ordered = ['a-b/a', 'a/a', 'a/a-b', 'a/a.b', 'a/b', 'b/a'];

describe('an ordered list', () => {
  it('comes by namespace and name, as etcd orders keys', () => {
    expect(read(listOf(keys, '{"resourceVersion":"5"}').print()).items).toEqual(ordered);
  });

  it('passes an empty list as it came', () => {
    const list = listOf([], '{"continue":"","resourceVersion":"5"}');
    expect(Buffer.concat([...list.print()]).toString()).toBe(
      '{"items":[],"metadata":{"continue":"","resourceVersion":"5"}}\n',
    );
  });

  it('gives back what arrived, in that order, when it becomes too long', () => {
    expect(read(listOf(keys, '{"resourceVersion":"5"}').asArrived()).items).toEqual(keys);
  });

  it('is cut into pages that follow each other', () => {
    const list = listOf(keys, '{"resourceVersion":"5"}');
    const seen: string[] = [];
    let start = '';
    for (;;) {
      const page = list.page(start, 4);
      seen.push(...read(list.print(page.elements)).items);
      expect(page.remaining).toBe(keys.length - seen.length);
      if (page.remaining === 0) break;
      start = `${page.lastKey}\0`;
    }
    expect(seen).toEqual(ordered);
  });

  it('says in its metadata how it goes on, in the order of each kind of list', () => {
    const more = { continue: 'token', remainingItemCount: 2 };
    const map = listOf(keys, '{"continue":"","resourceVersion":"5"}');
    expect(JSON.stringify(read(map.print([], more)).metadata)).toBe(
      '{"continue":"token","remainingItemCount":2,"resourceVersion":"5"}',
    );
    const struct = listOf(keys, '{"resourceVersion":"5"}');
    expect(JSON.stringify(read(struct.print([], more)).metadata)).toBe(
      '{"resourceVersion":"5","continue":"token","remainingItemCount":2}',
    );
    expect(struct.resourceVersion).toBe('5');
  });

  it('keeps a long list in the memory it is given', () => {
    const slabs: Buffer[] = [];
    const long = Array.from(
      { length: 300 },
      (_, i) => `ns/${String(i).padStart(4, '0')}${'x'.repeat(2_000)}`,
    );
    const list = listOf(long.toReversed(), '{"resourceVersion":"5"}', () => {
      slabs.push(Buffer.alloc(100_000));
      return slabs.at(-1) as Buffer;
    });
    expect(slabs.length).toBeGreaterThan(1);
    expect(read(list.print()).items).toEqual(long);
  });
});
