import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { parse } from 'yaml';
import { parseLossless } from '../../../src/apimachinery/lossless-json.ts';
import { yamlText } from '../../../src/apimachinery/yaml-text.ts';

const print = (value: unknown): string => yamlText(parseLossless(JSON.stringify(value)));

describe('yamlText', () => {
  it('lays objects out as sigs.k8s.io/yaml does', () => {
    const value = {
      kind: 'Bucket',
      metadata: { labels: {}, finalizers: [], name: 'a' },
      items: [{ a: 1, b: [1, [2]] }, 'x', null, true],
    };
    expect(print(value)).toBe(`items:
- a: 1
  b:
  - 1
  - - 2
- x
- null
- true
kind: Bucket
metadata:
  finalizers: []
  labels: {}
  name: a
`);
  });

  it('orders members by letters and numbers, not by bytes', () => {
    expect(print({ a10: 1, a9: 1, A: 1, _: 1, '1': 1, 'a b': 1 })).toBe(
      '_: 1\n"1": 1\nA: 1\na b: 1\na9: 1\na10: 1\n',
    );
  });

  it.each([
    ['yes', '"yes"'],
    ['n', '"n"'],
    ['~', '"~"'],
    ['', '""'],
    ['12', '"12"'],
    ['0x1f', '"0x1f"'],
    ['1_000', '"1_000"'],
    ['1e3', '"1e3"'],
    ['.5', '".5"'],
    ['2020-01-02', '"2020-01-02"'],
    ['12:30:45', '"12:30:45"'],
    ['1.2.3', '1.2.3'],
    ['.', '.'],
    ['<<', '<<'],
    ['a: b', "'a: b'"],
    ['a #b', "'a #b'"],
    ['- a', "'- a'"],
    ['-a', '-a'],
    ["it's", "it's"],
    ['*a', "'*a'"],
    [' a', "' a'"],
    ['a\tb', String.raw`"a\tb"`],
    ['ä€', 'ä€'],
    ['😀', String.raw`"\U0001F600"`],
    ['a\nb', '|-\n  a\n  b'],
    ['a\nb\n', '|\n  a\n  b'],
    ['\na', '|2-\n\n  a'],
    ['a \nb', String.raw`"a \nb"`],
  ])('prints %j as %s', (text, expected) => {
    expect(print({ k: text })).toBe(`k: ${expected}\n`);
  });

  it('folds lines behind column 80', () => {
    const words = Array.from({ length: 30 }, () => 'word').join(' ');
    expect(print({ k: words })).toBe(`k: ${'word '.repeat(16).trim()}\n  ${'word '.repeat(14).trim()}\n`);
  });

  it.each([
    ['1.5', '1.5'],
    ['1234567.5', '1.2345675e+06'],
    ['0.00001', '1e-05'],
    ['9007199254740993', '9007199254740993'],
    ['100000000000000000000', '1e+20'],
    ['-3', '-3'],
  ])('prints the number %s as %s', (literal, expected) => {
    expect(yamlText(parseLossless(`{"k":${literal}}`))).toBe(`k: ${expected}\n`);
  });

  it('is read again as what it was', () => {
    const text = fc.oneof(
      fc.stringMatching(/^[ -~\n]{0,30}$/),
      fc.constantFrom('a\n b', ' \n', '# a', 'a:', 'ä ö'),
    );
    const { map } = fc.letrec((tie) => ({
      any: fc.oneof(
        { maxDepth: 3 },
        text,
        fc.integer(),
        fc.boolean(),
        fc.constant(null),
        tie('list'),
        tie('map'),
      ),
      list: fc.array(tie('any'), { maxLength: 4 }),
      map: fc.dictionary(fc.stringMatching(/^[a-z0-9._-]{1,8}$/), tie('any'), {
        maxKeys: 4,
        noNullPrototype: true,
      }),
    }));
    fc.assert(
      fc.property(map, (object) => {
        expect(parse(print(object))).toEqual(object);
      }),
      { numRuns: 200 },
    );
  });
});
