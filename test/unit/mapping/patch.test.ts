import { describe, expect, it } from '@jest/globals';
import { parsePatch } from '../../../src/apimachinery/json-patch.ts';
import { parseLossless, printLossless } from '../../../src/apimachinery/lossless-json.ts';
import { jsonPatchRoute, mergePatchRoute, patchedView } from '../../../src/mapping/patch.ts';

describe('the route of a merge patch', () => {
  it.each([
    ['{}', 'forward'],
    ['{"spec":{"id":"x"},"status":null}', 'forward'],
    ['{"spec":{"writeConnectionSecretToRef":{"name":"x"}}}', 'forward'],
    ['{"metadata":{}}', 'forward'],
    ['{"metadata":{"labels":{"a":null}}}', 'forward'],
    ['{"metadata":{"annotations":{"a":"b"},"finalizers":null}}', 'forward'],
    ['{"metadata":{"name":"x","namespace":"y","uid":"z","resourceVersion":"1","generation":1}}', 'forward'],
    ['{"metadata":null,"metadata":{}}', 'forward'],
    ['[]', 'forward'],
    ['null', 'forward'],
    ['{"metadata":1}', 'forward'],
    ['{"metadata":null}', 'rewrite'],
    ['{"metadata":{},"metadata":null}', 'rewrite'],
    ['{"metad\\u0061ta":{"labels":null}}', 'rewrite'],
    ['{"metadata":{"labels":null}}', 'rewrite'],
    ['{"metadata":{"labels":{},"labels":null}}', 'rewrite'],
    ['{"metadata":{"labels":"x"}}', 'rewrite'],
    ['{"metadata":{"labels":[]}}', 'rewrite'],
    ['{"metadata":{"labels":1.0}}', 'rewrite'],
    ['{"metadata":{"annotations":null}}', 'rewrite'],
    ['{"metadata":{"ownerReferences":[]}}', 'rewrite'],
    ['{"metadata":{"ownerReferences":null}}', 'rewrite'],
    ['{"metadata":{"managedFields":[{}]}}', 'rewrite'],
    ['{"metadata":{"somethingNew":1}}', 'rewrite'],
    ['{"metadata":{"__proto__":{}}}', 'rewrite'],
    ['{"__proto__":{"metadata":null}}', 'forward'],
  ])('%s: %s', (text, route) => {
    expect(mergePatchRoute(parseLossless(text))).toBe(route);
  });
});

describe('the route of a JSON Patch', () => {
  it.each([
    ['/spec/id', 'forward'],
    ['/spec/', 'forward'],
    ['/spec/writeConnectionSecretToRefs', 'forward'],
    ['/spec/a/writeConnectionSecretToRef', 'forward'],
    ['/status/x', 'forward'],
    ['/metadatas', 'forward'],
    ['/spec~1x/id', 'forward'],
    ['', 'rewrite'],
    ['metadata', 'rewrite'],
    ['x/metadata', 'rewrite'],
    ['/spec', 'rewrite'],
    ['/spec/writeConnectionSecretToRef', 'rewrite'],
    ['/spec/writeConnectionSecretToRef/name', 'rewrite'],
    ['x/spec/writeConnectionSecretToRef/name', 'rewrite'],
    ['/metadata', 'rewrite'],
    ['/metadata/labels/a', 'rewrite'],
    ['/metadata/resourceVersion', 'rewrite'],
  ])('%j: %s', (path, route) => {
    expect(jsonPatchRoute([{ op: 'add', path }])).toBe(route);
    expect(jsonPatchRoute([{ op: 'copy', path: '/status/y', from: path }])).toBe(route);
    expect(
      jsonPatchRoute([
        { op: 'test', path: '/status/y' },
        { op: 'add', path },
      ]),
    ).toBe(route);
  });

  it('is by the last of two paths in one operation, as the API server reads it', () => {
    expect(
      jsonPatchRoute(
        parsePatch('[{"op":"add","path":"/spec/id","p\\u0061th":"/metadata/labels","value":{}}]'),
      ),
    ).toBe('rewrite');
    expect(jsonPatchRoute(parsePatch('[{"op":"add","path":"/metadata","path":"/spec/id"}]'))).toBe('forward');
  });
});

describe('the view after a patch', () => {
  const view = '{"metadata":{"labels":{"a":"1"},"generation":1.0},"spec":{"n":9007199254740993}}';

  it('keeps the numbers', () => {
    const merged = patchedView(parseLossless(view), {
      kind: 'merge',
      patch: parseLossless('{"metadata":{"labels":null},"spec":{"m":-0}}'),
    });
    expect(printLossless(merged!)).toBe(
      '{"metadata":{"generation":1.0},"spec":{"n":9007199254740993,"m":-0}}',
    );
    const operations = parsePatch('[{"op":"add","path":"/metadata/labels/b","value":1e2}]');
    const patched = patchedView(parseLossless(view), { kind: 'json', operations });
    expect(printLossless(patched!)).toBe(
      '{"metadata":{"labels":{"a":"1","b":1e2},"generation":1.0},"spec":{"n":9007199254740993}}',
    );
  });

  it('is none when what comes out is no object', () => {
    expect(patchedView(parseLossless(view), { kind: 'merge', patch: parseLossless('[]') })).toBeUndefined();
    expect(
      patchedView(parseLossless(view), {
        kind: 'json',
        operations: parsePatch('[{"op":"replace","path":"","value":1}]'),
      }),
    ).toBeUndefined();
  });
});
