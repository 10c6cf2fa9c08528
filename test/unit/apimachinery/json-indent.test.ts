import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { JsonIndenter } from '../../../src/apimachinery/json-indent.ts';

describe('JsonIndenter', () => {
  it('lays JSON out as it would be printed indented, in pieces of any size', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.integer({ min: 1, max: 9 }), (value, size) => {
        const indenter = new JsonIndenter();
        const bytes = Buffer.from(`${JSON.stringify(value)}\n`);
        const pieces: Buffer[] = [];
        for (let at = 0; at < bytes.length; at += size)
          pieces.push(indenter.push(bytes.subarray(at, at + size)));
        expect(Buffer.concat(pieces).toString('utf8')).toBe(JSON.stringify(value, null, 2));
      }),
    );
  });
});
