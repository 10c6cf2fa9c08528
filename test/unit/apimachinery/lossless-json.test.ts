import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import {
  getMember,
  isLosslessObject,
  type LosslessObject,
  parseLossless,
  printLossless,
} from '../../../src/apimachinery/lossless-json.ts';
import { anyValueText, numberText } from './json-text.ts';

describe('lossless JSON', () => {
  it('prints every number as it was read', () => {
    fc.assert(
      fc.property(fc.array(numberText), (numbers) => {
        const text = `[${numbers.join()}]`;
        expect(printLossless(parseLossless(text))).toBe(text);
      }),
    );
  });

  it('reads the values JSON.parse reads, the last of duplicate keys included', () => {
    fc.assert(
      fc.property(anyValueText, (text) => {
        const printed = printLossless(parseLossless(text));
        expect(JSON.parse(printed)).toEqual(JSON.parse(text));
        expect(printLossless(parseLossless(printed))).toBe(printed);
      }),
      { numRuns: 300 },
    );
  });

  it('throws for what is no JSON', () => {
    for (const text of ['', '{', '01', '1.', '.5', '+1', 'NaN', '{"a":1,}', "{'a':1}"]) {
      expect(() => parseLossless(text)).toThrow(SyntaxError);
    }
  });

  it('takes a number for no object', () => {
    expect(
      ['1.0', '[]', 'null', '"x"', 'true', '{}'].map((text) => isLosslessObject(parseLossless(text))),
    ).toEqual([false, false, false, false, false, true]);
  });

  it('sees own members only', () => {
    const object = parseLossless('{"__proto__":{"a":1}}') as LosslessObject;
    expect(printLossless(getMember(object, '__proto__') as LosslessObject)).toBe('{"a":1}');
    expect(getMember(object, 'a')).toBeUndefined();
    expect(getMember(object, 'toString')).toBeUndefined();
  });
});
