import { describe, expect, it } from '@jest/globals';
import { applyMergePatch } from '../../../src/apimachinery/json-merge-patch.ts';
import { LazyJson } from '../../../src/apimachinery/lazy-json.ts';

function merged(document: string, patch: string): string {
  return applyMergePatch(LazyJson.parse(document) as LazyJson, LazyJson.parse(patch) as LazyJson).toString();
}

describe('applyMergePatch', () => {
  it.each([
    ['{"a":"b"}', '{"a":"c"}', '{"a":"c"}'],
    ['{"a":"b"}', '{"b":"c"}', '{"a":"b","b":"c"}'],
    ['{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}'],
    ['{"a":["b"]}', '{"a":"c"}', '{"a":"c"}'],
    ['{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'],
    ['{"a":[{"b":"c"}]}', '{"a":[1]}', '{"a":[1]}'],
    ['{"e":null}', '{"a":1}', '{"a":1,"e":null}'],
    ['{}', '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}'],
    ['{"a":{"b":1}}', '{"a":{"b":2},"a":null}', '{}'],
  ])('does as RFC 7396: %s with %s', (document, patch, expected) => {
    expect(merged(document, patch)).toBe(expected);
  });

  it('prunes nulls of new values in lists too, as kube-apiserver does, and not those of a list that replaces one', () => {
    expect(merged('{}', '{"a":[null,{"b":null,"c":1}]}')).toBe('{"a":[null,{"c":1}]}');
    expect(merged('{"a":{}}', '{"a":[{"b":null}]}')).toBe('{"a":[{"b":null}]}');
  });

  it('keeps number literals, and members named like those of a prototype', () => {
    expect(merged('{"n":9007199254740993}', '{"m":-0,"o":1.0,"__proto__":{"x":1}}')).toBe(
      '{"__proto__":{"x":1},"m":-0,"n":9007199254740993,"o":1.0}',
    );
  });
});
