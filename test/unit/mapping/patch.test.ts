import { describe, expect, it } from '@jest/globals';
import { parsePatch, type PatchOperation } from '../../../src/apimachinery/json-patch.ts';
import { LazyJson } from '../../../src/apimachinery/lazy-json.ts';
import { jsonPatchRoute, mergePatchRoute } from '../../../src/mapping/patch.ts';

function operationsOf(patch: unknown): PatchOperation[] {
  return parsePatch(Buffer.from(typeof patch === 'string' ? patch : JSON.stringify(patch))) ?? [];
}

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
    ['{"metadata":1}', 'rewrite'],
    ['{"metadata":[]}', 'rewrite'],
    ['{"metadata":{"name":1}}', 'rewrite'],
    ['{"metadata":{"name":null}}', 'forward'],
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
    expect(mergePatchRoute(LazyJson.parse(text) as LazyJson)).toBe(route);
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
    expect(jsonPatchRoute(operationsOf([{ op: 'add', path }]))).toBe(route);
    expect(jsonPatchRoute(operationsOf([{ op: 'copy', path: '/status/y', from: path }]))).toBe(route);
    const behindAnother = [
      { op: 'test', path: '/status/y' },
      { op: 'add', path },
    ];
    expect(jsonPatchRoute(operationsOf(behindAnother))).toBe(route);
  });

  it('is by the last of two paths in one operation, as the API server reads it', () => {
    expect(
      jsonPatchRoute(
        operationsOf('[{"op":"add","path":"/spec/id","p\\u0061th":"/metadata/labels","value":{}}]'),
      ),
    ).toBe('rewrite');
    expect(jsonPatchRoute(operationsOf('[{"op":"add","path":"/metadata","path":"/spec/id"}]'))).toBe(
      'forward',
    );
  });
});
