import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { isTrue, parseRequestInfo, type ResourceRequest } from '../../../src/apimachinery/request-info.ts';
import { StatusError } from '../../../src/apimachinery/status.ts';

const base = '/apis/k8s.starter.org/v1alpha1';
const inNamespace = `${base}/namespaces/team-a/kubernetesclusters`;

function short(method: string, url: string): string {
  const info = parseRequestInfo(method, url);
  if (!info.isResource) return `${info.verb} ${info.path}`;
  const { verb, group, version, namespace, resource, name, subresource, oldWatch } = info;
  return [
    verb,
    group,
    version,
    namespace ?? '-',
    resource,
    name ?? '-',
    subresource ?? '-',
    ...(oldWatch ? ['old'] : []),
  ].join(' ');
}

describe('parseRequestInfo', () => {
  it.each([
    ['GET', inNamespace, 'list k8s.starter.org v1alpha1 team-a kubernetesclusters - -'],
    ['GET', `${inNamespace}/`, 'list k8s.starter.org v1alpha1 team-a kubernetesclusters - -'],
    ['GET', `${base}/kubernetesclusters?limit=5`, 'list k8s.starter.org v1alpha1 - kubernetesclusters - -'],
    ['HEAD', `${inNamespace}/a`, 'get k8s.starter.org v1alpha1 team-a kubernetesclusters a -'],
    ['GET', `${inNamespace}/a?watch=true`, 'get k8s.starter.org v1alpha1 team-a kubernetesclusters a -'],
    ['GET', `${inNamespace}/a/status`, 'get k8s.starter.org v1alpha1 team-a kubernetesclusters a status'],
    ['GET', `${inNamespace}?watch=1`, 'watch k8s.starter.org v1alpha1 team-a kubernetesclusters - -'],
    ['GET', `${inNamespace}?watch`, 'watch k8s.starter.org v1alpha1 team-a kubernetesclusters - -'],
    [
      'GET',
      `${inNamespace}?watch=false&watch=true`,
      'list k8s.starter.org v1alpha1 team-a kubernetesclusters - -',
    ],
    [
      'GET',
      `${base}/watch/namespaces/team-a/kubernetesclusters/a`,
      'watch k8s.starter.org v1alpha1 team-a kubernetesclusters a - old',
    ],
    [
      'GET',
      `${base}/watch/kubernetesclusters`,
      'watch k8s.starter.org v1alpha1 - kubernetesclusters - - old',
    ],
    ['GET', `${base}/watch`, 'list k8s.starter.org v1alpha1 - watch - -'],
    ['POST', inNamespace, 'create k8s.starter.org v1alpha1 team-a kubernetesclusters - -'],
    ['PUT', `${inNamespace}/a`, 'update k8s.starter.org v1alpha1 team-a kubernetesclusters a -'],
    ['PATCH', `${inNamespace}/a`, 'patch k8s.starter.org v1alpha1 team-a kubernetesclusters a -'],
    ['DELETE', `${inNamespace}/a`, 'delete k8s.starter.org v1alpha1 team-a kubernetesclusters a -'],
    ['DELETE', inNamespace, 'deletecollection k8s.starter.org v1alpha1 team-a kubernetesclusters - -'],
    ['GET', `${base}/namespaces/team-a`, 'get k8s.starter.org v1alpha1 - namespaces team-a -'],
    [
      'GET',
      `${base}/namespaces/team%2Da/kubernetesclusters/%61`,
      'get k8s.starter.org v1alpha1 team-a kubernetesclusters a -',
    ],
    ['GET', `${inNamespace}/a%20b`, 'get k8s.starter.org v1alpha1 team-a kubernetesclusters a b -'],
    ['GET', `${inNamespace}/...`, 'get k8s.starter.org v1alpha1 team-a kubernetesclusters ... -'],
    ['GET', base, `get ${base}`],
    ['GET', `${base}/`, `get ${base}/`],
    ['GET', '/apis', 'get /apis'],
    ['GET', '/', 'get /'],
    ['OPTIONS', '/', 'options /'],
    ['GET', '/api/v1/namespaces/a/pods', 'get /api/v1/namespaces/a/pods'],
    ['GET', '/openapi/v3?hash=/../x', 'get /openapi/v3'],
  ])('%s %s: %s', (method, url, expected) => {
    expect(short(method, url)).toBe(expected);
  });

  it.each([
    `${base}/namespaces/a/kubernetesclusters/../../b/kubernetesclusters/foo`,
    `${base}/namespaces/a/kubernetesclusters/%2e%2e/%2E%2E/b`,
    `${base}/namespaces/./kubernetesclusters`,
    `${base}/namespaces/%2e/kubernetesclusters`,
    `${base}/namespaces//kubernetesclusters`,
    `${base}/namespaces/a%2Fb/kubernetesclusters`,
    `${base}/namespaces/a%2fb/kubernetesclusters`,
    `${base}/namespaces/a%252fb/kubernetesclusters`,
    `${base}/namespaces/a%00b/kubernetesclusters`,
    `${base}/namespaces/a%/kubernetesclusters`,
    `${base}/namespaces/a%ff/kubernetesclusters`,
    `${inNamespace}//`,
    '/apis//v1/x',
    '/apis/../api/v1/secrets',
    '//apis/g/v/x',
    'apis/g/v/x',
    '',
    'http://host/apis/g/v/x',
    '*',
  ])('refuses a path that might mean another one to somebody: %s', (url) => {
    expect(() => parseRequestInfo('GET', url)).toThrow(expect.objectContaining({ code: 400 }));
  });

  it('makes nothing of what follows a subresource, as kube-apiserver', () => {
    const info = parseRequestInfo('GET', `${inNamespace}/a/status/more/still`);
    expect(info).toMatchObject({ name: 'a', subresource: 'status', verb: 'get' });
  });

  it('gives no verb to methods that no resource has, and refuses them elsewhere', () => {
    for (const method of ['TRACE', 'CONNECT', 'get', 'PROPFIND', 'OPTIONS', '']) {
      expect(parseRequestInfo(method, inNamespace)).toMatchObject({ isResource: true, verb: '' });
    }
    expect(() => parseRequestInfo('TRACE', '/apis')).toThrow(expect.objectContaining({ code: 400 }));
  });

  it('reads the old form of watch as a watch, whatever the method', () => {
    for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
      const info = parseRequestInfo(method, `${base}/watch/namespaces/a/kubernetesclusters/b`);
      expect(info).toMatchObject({ verb: 'watch', namespace: 'a', name: 'b' });
    }
  });

  it('reads any path to segments that are whole, or refuses it with 400', () => {
    const segment = fc.oneof(
      fc.constantFrom('..', '.', '', '%2e', '%2F', '%5c', 'namespaces', 'watch', 'a', '%'),
      fc.webSegment(),
    );
    fc.assert(
      fc.property(fc.array(segment, { maxLength: 7 }), (segments) => {
        let info: ResourceRequest | undefined;
        try {
          const read = parseRequestInfo('GET', `${base}/${segments.join('/')}`);
          info = read.isResource ? read : undefined;
        } catch (error) {
          expect(error).toBeInstanceOf(StatusError);
          expect((error as StatusError).code).toBe(400);
        }
        for (const part of [info?.namespace, info?.resource, info?.name, info?.subresource]) {
          expect(
            part === undefined || (part !== '' && part !== '.' && part !== '..' && !/[/%\0]/.test(part)),
          ).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('keeps the query', () => {
    const info = parseRequestInfo('GET', `${inNamespace}?labelSelector=a%3Db&limit=5&x=1&x=2`);
    expect([...info.query]).toEqual([
      ['labelSelector', 'a=b'],
      ['limit', '5'],
      ['x', '1'],
      ['x', '2'],
    ]);
    expect(info.path).toBe(inNamespace);
  });
});

describe('isTrue', () => {
  it('is false for a missing value, `false` and `0` only', () => {
    expect(['true', 'True', '', '1', 'no', 'x', '00'].map(isTrue)).toEqual(
      Array.from({ length: 7 }, () => true),
    );
    expect([null, 'false', 'False', 'FALSE', '0'].map(isTrue)).toEqual(
      Array.from({ length: 5 }, () => false),
    );
  });
});
