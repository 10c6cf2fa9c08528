import { describe, expect, it } from '@jest/globals';
import {
  applyPatch,
  parsePatch,
  type PatchOperation,
  withTest,
} from '../../../src/apimachinery/json-patch.ts';
import { LazyJson, printLazy } from '../../../src/apimachinery/lazy-json.ts';
import { StatusError } from '../../../src/apimachinery/status.ts';

function patched(document: string, patch: string): string {
  return printLazy(applyPatch(LazyJson.parse(document) as LazyJson, operationsOf(patch)));
}

function operationsOf(patch: string): PatchOperation[] {
  return parsePatch(Buffer.from(patch)) ?? [];
}

/** The Status a patch is refused with. */
function refusal(document: string, patch: string): { code: number | undefined; message: string | undefined } {
  try {
    patched(document, patch);
  } catch (error) {
    if (error instanceof StatusError) return { code: error.code, message: error.message };
    throw error;
  }
  return { code: undefined, message: undefined };
}

const refused = { code: 422, message: 'the server rejected our request due to an error in our request' };

describe('applyPatch', () => {
  it.each([
    ['A.1', '{"foo":"bar"}', '[{"op":"add","path":"/baz","value":"qux"}]', '{"baz":"qux","foo":"bar"}'],
    [
      'A.2',
      '{"foo":["bar","baz"]}',
      '[{"op":"add","path":"/foo/1","value":"qux"}]',
      '{"foo":["bar","qux","baz"]}',
    ],
    ['A.3', '{"baz":"qux","foo":"bar"}', '[{"op":"remove","path":"/baz"}]', '{"foo":"bar"}'],
    ['A.4', '{"foo":["bar","qux","baz"]}', '[{"op":"remove","path":"/foo/1"}]', '{"foo":["bar","baz"]}'],
    [
      'A.5',
      '{"baz":"qux","foo":"bar"}',
      '[{"op":"replace","path":"/baz","value":"boo"}]',
      '{"baz":"boo","foo":"bar"}',
    ],
    [
      'A.6',
      '{"foo":{"bar":"baz","waldo":"fred"},"qux":{"corge":"grault"}}',
      '[{"op":"move","from":"/foo/waldo","path":"/qux/thud"}]',
      '{"foo":{"bar":"baz"},"qux":{"corge":"grault","thud":"fred"}}',
    ],
    [
      'A.7',
      '{"foo":["all","grass","cows","eat"]}',
      '[{"op":"move","from":"/foo/1","path":"/foo/3"}]',
      '{"foo":["all","cows","eat","grass"]}',
    ],
    [
      'A.8',
      '{"baz":"qux","foo":["a",2,"c"]}',
      '[{"op":"test","path":"/baz","value":"qux"},{"op":"test","path":"/foo/1","value":2}]',
      '{"baz":"qux","foo":["a",2,"c"]}',
    ],
    [
      'A.10',
      '{"foo":"bar"}',
      '[{"op":"add","path":"/child","value":{"grandchild":{}}}]',
      '{"child":{"grandchild":{}},"foo":"bar"}',
    ],
    [
      'A.11',
      '{"foo":"bar"}',
      '[{"op":"add","path":"/baz","value":"qux","xyz":123}]',
      '{"baz":"qux","foo":"bar"}',
    ],
    ['A.14', '{"/":9,"~1":10}', '[{"op":"test","path":"/~01","value":10}]', '{"/":9,"~1":10}'],
    [
      'A.16',
      '{"foo":["bar"]}',
      '[{"op":"add","path":"/foo/-","value":["abc","def"]}]',
      '{"foo":["bar",["abc","def"]]}',
    ],
  ])('does what RFC 6902 %s shows', (_section, document, patch, expected) => {
    expect(patched(document, patch)).toBe(expected);
  });

  it.each([
    ['A.9', '{"baz":"qux"}', '[{"op":"test","path":"/baz","value":"bar"}]'],
    ['A.12', '{"foo":"bar"}', '[{"op":"add","path":"/baz/bat","value":"qux"}]'],
    ['A.15', '{"/":9,"~1":10}', '[{"op":"test","path":"/~01","value":"10"}]'],
    ['an unknown operation', '{}', '[{"op":"merge","path":"/a"}]'],
    ['no operation', '{}', '[{"path":"/a"}]'],
    ['no path', '{}', '[{"op":"remove"}]'],
    ['a path that is no text', '{}', '[{"op":"add","path":1}]'],
    ['a path without a slash', '{}', '[{"op":"add","path":"a","value":1}]'],
    ['no from', '{}', '[{"op":"move","path":"/a"}]'],
    ['removal of what is not there', '{}', '[{"op":"remove","path":"/a"}]'],
    ['removal of all', '{}', '[{"op":"remove","path":""}]'],
    ['addition of all', '{}', '[{"op":"add","path":"","value":{}}]'],
    ['an index behind the end', '{"a":[1]}', '[{"op":"add","path":"/a/2","value":1}]'],
    ['replacement behind the end', '{"a":[1]}', '[{"op":"replace","path":"/a/1","value":1}]'],
    ['an index that is none', '{"a":[1]}', '[{"op":"remove","path":"/a/x"}]'],
    ['a member of a number', '{"a":1.0}', '[{"op":"add","path":"/a/rawJSON","value":2}]'],
    ['a member of a text', '{"a":"xyz"}', '[{"op":"test","path":"/a/length","value":3}]'],
    ['what only the prototype has', '{}', '[{"op":"remove","path":"/constructor"}]'],
    [
      'a test against what only the prototype has',
      '{"a":{"x":1}}',
      '[{"op":"test","path":"/a","value":{"__proto__":{}}}]',
    ],
    ['a parent that only the prototype has', '{"a":{}}', '[{"op":"add","path":"/toString/x","value":1}]'],
  ])('refuses %s as kube-apiserver does', (_what, document, patch) => {
    expect(refusal(document, patch)).toEqual(refused);
  });

  it.each([
    [
      'a missing member is null to a test',
      '{}',
      '[{"op":"test","path":"/a","value":null},{"op":"test","path":"/b"}]',
      '{}',
    ],
    [
      'a missing member may be replaced',
      '{"a":1}',
      '[{"op":"replace","path":"/b","value":2}]',
      '{"a":1,"b":2}',
    ],
    ['a missing value is null', '{}', '[{"op":"add","path":"/a"}]', '{"a":null}'],
    [
      'negative indexes count from behind',
      '{"a":[1,2]}',
      '[{"op":"remove","path":"/a/-1"},{"op":"add","path":"/a/-1","value":3}]',
      '{"a":[1,3]}',
    ],
    [
      'words before the first slash count for nothing',
      '{}',
      '[{"op":"add","path":"x/a","value":1}]',
      '{"a":1}',
    ],
    [
      'the whole may be replaced',
      '{"a":1}',
      '[{"op":"replace","path":"","value":{"b":1.0}},{"op":"test","path":"","value":{"b":1.0}}]',
      '{"b":1.0}',
    ],
  ])('follows kube-apiserver where it differs from the RFC: %s', (_what, document, patch, expected) => {
    expect(patched(document, patch)).toBe(expected);
  });

  it('keeps number literals, and tells 1 from 1.0 as kube-apiserver does', () => {
    expect(
      patched(
        '{"a":9007199254740993,"b":1.0}',
        '[{"op":"copy","from":"/a","path":"/c"},{"op":"add","path":"/d","value":-0}]',
      ),
    ).toBe('{"a":9007199254740993,"b":1.0,"c":9007199254740993,"d":-0}');
    expect(refusal('{"b":1.0}', '[{"op":"test","path":"/b","value":1}]')).toEqual(refused);
    expect(patched('{"b":1.0}', '[{"op":"test","path":"/b","value":1.0}]')).toBe('{"b":1.0}');
  });

  it('takes __proto__ for data', () => {
    const result = patched(
      '{"a":{}}',
      '[{"op":"add","path":"/a/__proto__","value":{"polluted":true}},{"op":"copy","from":"/a/__proto__","path":"/b"}]',
    );
    expect(result).toBe('{"a":{"__proto__":{"polluted":true}},"b":{"polluted":true}}');
    expect(patched(result, '[{"op":"remove","path":"/a/__proto__"}]')).toBe('{"a":{},"b":{"polluted":true}}');
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('copies deep', () => {
    expect(
      patched(
        '{"a":{"x":1}}',
        '[{"op":"copy","from":"/a","path":"/b"},{"op":"add","path":"/a/y","value":2}]',
      ),
    ).toBe('{"a":{"x":1,"y":2},"b":{"x":1}}');
  });

  it('stops copies of copies before they fill the memory', () => {
    const doublings = Array.from({ length: 64 }, (_, i) => ({ op: 'copy', from: '/a', path: `/a/${i}` }));
    expect(refusal('{"a":{"x":"0123456789"}}', JSON.stringify(doublings))).toEqual(refused);
  });
});

const operations = (count: number): string => `[${Array.from({ length: count }, () => '{}').join()}]`;

describe('parsePatch', () => {
  it.each(['{}', '[1]', '[[]]', '"x"', '1.0', '[', '', '[{"op":"add",}]'])(
    'leaves %j, which is no patch, to the control plane',
    (text) => {
      expect(parsePatch(Buffer.from(text))).toBeUndefined();
    },
  );

  it('reads null as a patch of nothing, and a null in it as an operation that fits nowhere', () => {
    expect(operationsOf('null')).toEqual([]);
    expect(refusal('{}', '[null]')).toEqual(refused);
  });

  it.each([
    ['[{"op":0,"path":"/a"}]', true],
    ['[{"op":"add","path":{}}]', true],
    ['[{"op":"copy","from":1,"path":"/a"}]', true],
    ['[{"op":null,"path":null,"from":null}]', false],
    ['[{"op":"test","path":"/a","value":1}]', false],
  ])('tells whether the members of %s have types that they may have not', (patch, isMistyped) => {
    expect(operationsOf(patch).map((operation) => operation.isMistyped)).toEqual([isMistyped]);
  });

  it('takes 10,000 operations and refuses more with 413', () => {
    expect(operationsOf(operations(10_000))).toHaveLength(10_000);
    expect(() => operationsOf(operations(10_001))).toThrow(
      'Request entity too large: The allowed maximum operations in a JSON patch is 10000, got 10001',
    );
  });
});

describe('applyPatch on texts', () => {
  it('keeps what nobody steps into as it came, duplicate keys and order included', () => {
    expect(
      patched('{"b":{"z":1,"a":1},"a":0}', '[{"op":"add","path":"/c","value":{"y":1, "y":2,"x":"<"}}]'),
    ).toBe('{"a":0,"b":{"z":1,"a":1},"c":{"y":1,"y":2,"x":"\\u003c"}}');
    expect(patched('{"b":{"z":1,"a":1,"z":2}}', '[{"op":"add","path":"/b/y","value":1}]')).toBe(
      '{"b":{"a":1,"y":1,"z":2}}',
    );
  });

  it('takes a whole document that is neither object nor array for no change', () => {
    expect(patched('{"a":1}', '[{"op":"replace","path":"","value":"x"}]')).toBe('{"a":1}');
  });
});

describe('withTest', () => {
  it.each([
    ['[]', '[{"op":"test","path":"/uid","value":"u"}]'],
    ['null', '[{"op":"test","path":"/uid","value":"u"}]'],
    [
      ' [ {"op":"remove","path":"/]"} ] ',
      ' [ {"op":"remove","path":"/]"} ,{"op":"test","path":"/uid","value":"u"}] ',
    ],
  ])('puts a test behind the operations of %s', (patch, expected) => {
    expect(withTest(Buffer.from(patch), '/uid', 'u').toString()).toBe(expected);
  });
});
