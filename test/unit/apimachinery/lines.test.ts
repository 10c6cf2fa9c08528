import { describe, expect, it, jest } from '@jest/globals';
import * as fc from 'fast-check';
import { Lines } from '../../../src/apimachinery/lines.ts';

describe('Lines', () => {
  it('are the same wherever they are cut into chunks, and in characters of several bytes', () => {
    const texts = fc.array(fc.constantFrom('', '\r', '{"a":"ü"}', '😀'), { maxLength: 6 });
    fc.assert(
      fc.property(texts, fc.array(fc.nat(60), { maxLength: 6 }), (whole, places) => {
        const bytes = Buffer.from(whole.map((text) => `${text}\n`).join(''));
        const ends = [...places.map((place) => place % (bytes.length + 1)), bytes.length];
        const lines = new Lines();
        let at = 0;
        const found = ends
          .toSorted((a, b) => a - b)
          .flatMap((end) => lines.push(bytes.subarray(at, (at = end))));
        expect(found.map(String)).toEqual(whole.map((text) => `${text}\n`));
        expect(lines.pendingBytes).toBe(0);
      }),
    );
  });

  it('without an end are not joined with every chunk', () => {
    const concat = jest.spyOn(Buffer, 'concat');
    const lines = new Lines();
    const chunk = Buffer.alloc(1024, ' ');
    for (let i = 0; i < 1024; i++) expect(lines.push(chunk)).toEqual([]);
    expect(lines.pendingBytes).toBe(1024 * 1024);
    expect(concat).not.toHaveBeenCalled();
    const line = lines.push(Buffer.from('\n'));
    expect(line.map(({ length }) => length)).toEqual([1024 * 1024 + 1]);
    expect(concat).toHaveBeenCalledTimes(1);
    concat.mockRestore();
  });
});
