import { describe, expect, it } from '@jest/globals';
import { duplicateFields, patchProblems } from '../../../src/apimachinery/strict-fields.ts';

describe('what strict validation says of a text', () => {
  it.each([
    ['{"a":1,"b":{"c":1,"c":2,"c":3}}', ['duplicate field "b.c"']],
    ['{"a":[{"x":1},{"x":1,"x":2}],"a":1}', ['duplicate field "a[1].x"', 'duplicate field "a"']],
    ['{"a":{"b":1},"a":{"b":1,"b":2}}', ['duplicate field "a"', 'duplicate field "a.b"']],
    [' {"a":"\\"a\\":1"}', []],
  ])('%s', (text, problems) => {
    expect(duplicateFields(Buffer.from(text))).toEqual(problems);
  });

  it('knows the members of an operation, and looks into values', () => {
    expect(
      patchProblems(
        Buffer.from(
          '[{"op":"add","path":"/a","value":{"more":{"b":1,"b":2}}},{"op":"x","op":"y","more":{"c":1,"c":2}}]',
        ),
      ),
    ).toEqual([
      'json patch duplicate field "[0].value.more.b"',
      'json patch duplicate field "[1].op"',
      'json patch unknown field "[1].more"',
    ]);
  });

  it('stops after 100', () => {
    const text = `{${Array.from({ length: 150 }, (_, at) => `"k${at}":1,"k${at}":2`).join()}}`;
    expect(duplicateFields(Buffer.from(text))).toHaveLength(100);
  });
});
