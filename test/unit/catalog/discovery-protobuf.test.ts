import { describe, expect, it } from '@jest/globals';
import { goJson } from '../../../src/apimachinery/go-json.ts';
import { protobufMessage } from '../../../src/apimachinery/protobuf.ts';
import type { ApiResourceList } from '../../../src/catalog/discovery.ts';
import { resourceListProtobuf } from '../../../src/catalog/discovery-protobuf.ts';

describe('protobuf', () => {
  it('has numbers as varints, negative ones in ten bytes, and lengths before what has one', () => {
    expect(protobufMessage([[1, 300]]).toString('hex')).toBe('08ac02');
    expect(protobufMessage([[2, -1]]).toString('hex')).toBe('10ffffffffffffffffff01');
    expect(protobufMessage([[1, true]]).toString('hex')).toBe('0801');
    expect(protobufMessage([[4, 'é']]).toString('hex')).toBe('2202c3a9');
    expect(
      protobufMessage([[1, 'x'.repeat(200)]])
        .subarray(0, 3)
        .toString('hex'),
    ).toBe('0ac801');
  });

  it('holds an APIResourceList behind the magic bytes and its type, empty texts included', () => {
    const resource = { name: 'a', singularName: '', namespaced: true, kind: 'A', verbs: ['get'] } as const;
    const list: ApiResourceList = {
      kind: 'APIResourceList',
      apiVersion: 'v1',
      groupVersion: 'g/v',
      resources: [{ ...resource, verbs: [...resource.verbs], shortNames: ['s'] }],
    };
    const text = resourceListProtobuf(list).toString('latin1');
    expect(text.startsWith('k8s\0\n\x15\n\x02v1\x12\x0fAPIResourceList')).toBe(true);
    const member = '\n\x01a\x10\x01\x1a\x01A"\x05\n\x03get*\x01s2\0B\0J\0R\0';
    expect(text).toContain(`\n\x03g/v\x12${String.fromCodePoint(member.length)}${member}`);
    expect(text.endsWith('\x1a\0"\0')).toBe(true);
  });
});

describe('goJson', () => {
  it('escapes what could be HTML, and the line ends of JavaScript', () => {
    expect(goJson({ a: '<b>&\u2028\u2029' })).toBe(String.raw`{"a":"\u003cb\u003e\u0026\u2028\u2029"}`);
  });
});
