import { describe, expect, it } from '@jest/globals';
import { mediaType, negotiate } from '../../../src/apimachinery/media-types.ts';

const table = 'application/json;as=Table;v=v1;g=meta.k8s.io';
const list = 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io';

describe('negotiate', () => {
  it.each([
    ['nothing', undefined, 'object', 'application/json'],
    ['an empty header', ' ', 'object', 'application/json'],
    ['JSON', 'application/json', 'object', 'application/json'],
    ['JSON with parameters', 'Application/JSON; charset=utf-8;pretty=1', 'object', 'application/json'],
    ['anything', '*/*', 'object', 'application/json'],
    ['any application type', 'application/*;q=0.5', 'object', 'application/json'],
    [
      'kubectl get',
      'application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json',
      'Table',
      `${table},application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json`,
    ],
    [
      'client-go metadata',
      'application/vnd.kubernetes.protobuf;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json',
      'PartialObjectMetadataList',
      `${list},application/json`,
    ],
    ['client-go typed', 'application/vnd.kubernetes.protobuf,application/json', 'object', 'application/json'],
    [
      'the browser',
      'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
      'object',
      'application/json',
    ],
    ['YAML before JSON', 'application/yaml,application/json;q=0.1', 'object', 'application/json'],
    ['a preference by q', `application/json;q=0.2,${table};q=0.9`, 'Table', `${table},application/json`],
    ['what must not be', `${table};q=0,application/json`, 'object', 'application/json'],
    ['a name before a wildcard', `*/*,${table}`, 'Table', `${table},application/json`],
    ['quotes', 'application/json;as="Table";v="v1";g="meta.k8s.io"', 'Table', table],
    [
      'a representation nobody has',
      'application/json;as=Chart;v=v1;g=meta.k8s.io,application/json',
      'object',
      'application/json',
    ],
    [
      'another version of a known one',
      'application/json;as=Table;v=v2;g=meta.k8s.io,application/json',
      'object',
      'application/json',
    ],
    ['another group', 'application/json;as=Table;v=v1;g=meta,application/json', 'object', 'application/json'],
  ])('understands %s', (_what, header, representation, accept) => {
    expect(negotiate(header)).toEqual({ representation, accept });
  });

  it.each([
    'application/vnd.kubernetes.protobuf',
    'application/yaml',
    'text/html',
    'application/json;q=0',
    'application/cbor,image/*',
    'application/json;as=Chart;v=v1;g=meta.k8s.io',
    'json',
    ',',
    ';',
  ])('refuses what can only be had in another form: %s', (header) => {
    expect(() => negotiate(header)).toThrow(expect.objectContaining({ code: 406, reason: 'NotAcceptable' }));
  });
});

describe('mediaType', () => {
  it('is in lower case and without parameters', () => {
    expect(mediaType('Application/JSON; charset=utf-8')).toBe('application/json');
    expect(mediaType(' application/apply-patch+yaml ')).toBe('application/apply-patch+yaml');
    expect([mediaType(undefined), mediaType(''), mediaType(';a')]).toEqual(['', '', '']);
  });
});
