import { describe, expect, it } from '@jest/globals';
import { ListBuffers } from '../../../src/handlers/lists/list-buffers.ts';
import { OrderedList } from '../../../src/mapping/ordered-list.ts';

function listOf(bytes: number): OrderedList {
  const list = new OrderedList();
  list.add(Buffer.alloc(bytes), []);
  return list;
}

describe('the memory for lists', () => {
  it('is limited for one list, and for all of them', () => {
    const buffers = new ListBuffers({ list: 10, held: 15 });
    const [one, other] = [buffers.lease(), buffers.lease()];
    expect([one.grow(10), one.grow(1)]).toEqual([true, false]);
    expect([other.grow(5), other.grow(1)]).toEqual([true, false]);
    one.end();
    expect(other.grow(5)).toBe(true);
  });

  it('gives what is kept for next pages to those who need it now, the oldest first', () => {
    const buffers = new ListBuffers({ list: 10, held: 20 });
    const [old, young] = [listOf(8), listOf(8)];
    buffers.keep('old', old);
    buffers.keep('young', young);
    const lease = buffers.lease();
    expect(lease.grow(10)).toBe(true);
    expect(buffers.find('old')).toBeUndefined();
    expect(buffers.find('young')).toBe(young);
  });

  it('keeps nothing there is no room for', () => {
    const buffers = new ListBuffers({ list: 10, held: 10 });
    buffers.lease().grow(5);
    buffers.keep('list', listOf(8));
    expect(buffers.find('list')).toBeUndefined();
  });

  it('is used again by the next list, and by no two lists at once', () => {
    const buffers = new ListBuffers();
    const [one, other] = [buffers.lease(), buffers.lease()];
    const slab = one.slab();
    expect(other.slab()).not.toBe(slab);
    one.end();
    expect(buffers.lease().slab()).toBe(slab);
  });
});
