import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import {
  getMember,
  isLosslessObject,
  type LosslessObject,
  mergePatch,
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

describe('mergePatch', () => {
  it.each([
    ['{"a":"b"}', '{"a":"c"}', '{"a":"c"}'],
    ['{"a":"b"}', '{"b":"c"}', '{"a":"b","b":"c"}'],
    ['{"a":"b"}', '{"a":null}', '{}'],
    ['{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}'],
    ['{"a":["b"]}', '{"a":"c"}', '{"a":"c"}'],
    ['{"a":"c"}', '{"a":["b"]}', '{"a":["b"]}'],
    ['{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'],
    ['{"a":[{"b":"c"}]}', '{"a":[1]}', '{"a":[1]}'],
    ['["a","b"]', '["c","d"]', '["c","d"]'],
    ['{"a":"b"}', '["c"]', '["c"]'],
    ['{"a":"foo"}', 'null', 'null'],
    ['{"a":"foo"}', '"bar"', '"bar"'],
    ['{"e":null}', '{"a":1}', '{"e":null,"a":1}'],
    ['[1,2]', '{"a":"b","c":null}', '{"a":"b"}'],
    ['{}', '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}'],
  ])('does what the table of RFC 7396 shows: %s with %s', (target, patch, expected) => {
    expect(printLossless(mergePatch(parseLossless(target), parseLossless(patch)))).toBe(expected);
  });

  it('replaces numbers by their literals, and objects over numbers', () => {
    expect(
      printLossless(mergePatch(parseLossless('{"a":1,"b":{"c":2}}'), parseLossless('{"a":1.0,"b":-0}'))),
    ).toBe('{"a":1.0,"b":-0}');
    expect(
      printLossless(mergePatch(parseLossless('{"a":1.0}'), parseLossless('{"a":{"rawJSON":null}}'))),
    ).toBe('{"a":{}}');
  });

  it('takes __proto__ for data', () => {
    const merged = mergePatch(parseLossless('{}'), parseLossless('{"__proto__":{"polluted":true}}'));
    expect(printLossless(merged)).toBe('{"__proto__":{"polluted":true}}');
    expect(printLossless(mergePatch(merged, parseLossless('{"__proto__":null}')))).toBe('{}');
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});
