import { describe, expect, it } from '@jest/globals';
import { mediaType, negotiate, type PrintWishes, statusForm } from '../../../src/apimachinery/media-types.ts';

const table = 'application/json;as=Table;v=v1;g=meta.k8s.io';
const list = 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io';

const asks = (accept: string | undefined, more: Partial<PrintWishes> = {}): PrintWishes => ({
  accept,
  pretty: undefined,
  userAgent: undefined,
  ...more,
});

describe('negotiate', () => {
  it.each([
    ['nothing', undefined, 'object', 'application/json'],
    ['an empty header', '', 'object', 'application/json'],
    ['JSON with parameters', 'application/json; charset=utf-8', 'object', 'application/json'],
    ['anything', '*/*', 'object', 'application/json'],
    ['anything in short', '*', 'object', 'application/json'],
    ['any application type', 'application/*;q=0.5', 'object', 'application/json'],
    [
      'kubectl get',
      'application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json',
      'Table',
      table,
    ],
    [
      'client-go metadata',
      'application/vnd.kubernetes.protobuf;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json',
      'PartialObjectMetadataList',
      list,
    ],
    ['client-go typed', 'application/vnd.kubernetes.protobuf,application/json', 'object', 'application/json'],
    [
      'the browser',
      'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
      'object',
      'application/json',
    ],
    ['a preference by q', `application/json;q=0.2,${table};q=0.9`, 'Table', table],
    ['q=0 as the last choice', `${table};q=0,application/json`, 'object', 'application/json'],
    ['a name before a wildcard', `*/*,${table};q=0.1`, 'Table', table],
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
    expect(negotiate(asks(header))).toEqual({ representation, accept, form: 'compact' });
  });

  it('answers YAML where it is preferred, and indents JSON for people', () => {
    expect(negotiate(asks('application/yaml,application/json;q=0.1')).form).toBe('yaml');
    expect(negotiate(asks('application/json;pretty=1')).form).toBe('indented');
    for (const userAgent of ['curl/8', 'Wget/1', 'Mozilla/5.0 (X11)'])
      expect(negotiate(asks('*/*', { userAgent })).form).toBe('indented');
    expect(negotiate(asks('*/*', { userAgent: 'curl/8', pretty: '0' })).form).toBe('compact');
    expect(negotiate(asks('*/*', { userAgent: 'kubectl', pretty: 'true' })).form).toBe('indented');
  });

  it.each([
    'application/vnd.kubernetes.protobuf',
    'Application/JSON',
    'text/html',
    'application/cbor,image/*',
    'application/json;as=Chart;v=v1;g=meta.k8s.io',
    'application/json;as="Table";v="v1";g="meta.k8s.io"',
    'application/yaml;stream=watch',
    'application/json;sv=v2',
    'json',
    ',',
    ';',
  ])('refuses what can only be had in another form: %s', (header) => {
    expect(() => negotiate(asks(header))).toThrow(
      expect.objectContaining({ code: 406, reason: 'NotAcceptable' }),
    );
  });
});

describe('statusForm', () => {
  it.each([
    [undefined, 'compact'],
    ['application/json', 'compact'],
    ['application/yaml', 'yaml'],
    ['application/vnd.kubernetes.protobuf,application/json', 'protobuf'],
    [`${table},application/json`, 'compact'],
    [table, 'indented'],
    ['text/html', 'indented'],
  ])('tells how an error is written to who accepts %s', (accept, form) => {
    expect(statusForm(asks(accept))).toBe(form);
  });
});

describe('mediaType', () => {
  it('is in lower case and without parameters', () => {
    expect(mediaType('Application/JSON; charset=utf-8')).toBe('application/json');
    expect(mediaType(' application/apply-patch+yaml ')).toBe('application/apply-patch+yaml');
    expect([mediaType(undefined), mediaType(''), mediaType(';a')]).toEqual(['', '', '']);
  });
});
