import { describe, expect, it } from '@jest/globals';
import {
  checkPackage,
  defaultName,
  parsePackage,
  sourceOf,
  versionOf,
} from '../../../src/agent/tools/packages/package-reference.ts';

const digest = `sha256:${'0'.repeat(64)}`;
const anyPolicy = { production: false, readOnly: false };

function allowed(text: string, ...registries: string[]): void {
  checkPackage(parsePackage(text), { ...anyPolicy, registries });
}

describe('a package reference', () => {
  it.each([
    [
      'xpkg.crossplane.io/acme/provider-a:v1.2.3',
      'xpkg.crossplane.io',
      'acme/provider-a',
      'v1.2.3',
      undefined,
    ],
    ['127.0.0.1:5000/a:v1', '127.0.0.1:5000', 'a', 'v1', undefined],
    ['localhost/a:v1', 'localhost', 'a', 'v1', undefined],
    [`r.example.org/a/b@${digest}`, 'r.example.org', 'a/b', undefined, digest],
    [`r.example.org/a/b:v1.0.0@${digest}`, 'r.example.org', 'a/b', 'v1.0.0', digest],
  ])('%s is read in its parts [agent.package.reference]', (text, registry, repository, tag, its) => {
    expect(parsePackage(text)).toEqual({
      text,
      registry,
      repository,
      source: `${registry}/${repository}`,
      tag,
      digest: its,
    });
  });

  it.each([
    '',
    'provider-a:v1.0.0',
    'acme/provider-a:v1.0.0',
    'https://r.example.org/a:v1',
    'r.example.org/A:v1',
    'r.example.org/a:v1@sha256:12',
    'r.example.org/a b:v1',
    'r.example.org/../a:v1',
    '-x.example.org:v1',
  ])(
    '%j is refused: the registry has to be written, and the form to be right [agent.package.reference]',
    (text) => {
      expect(() => parsePackage(text)).toThrow('not a full package reference');
    },
  );

  it.each(['r.example.org/a', 'r.example.org/a:latest'])(
    '%s names no fixed version, and is refused [agent.package.version]',
    (text) => {
      for (const production of [false, true])
        expect(() => checkPackage(parsePackage(text), { ...anyPolicy, production })).toThrow(
          'no fixed version',
        );
    },
  );

  it('takes a digest, and warns of a tag that is no semantic version [agent.package.version]', () => {
    expect(checkPackage(parsePackage(`r.example.org/a@${digest}`), anyPolicy)).toEqual([]);
    expect(checkPackage(parsePackage('r.example.org/a:v1.0.0-rc.1'), anyPolicy)).toEqual([]);
    expect(checkPackage(parsePackage('r.example.org/a:stable'), anyPolicy)).toEqual([
      expect.stringContaining('no semantic version'),
    ]);
  });

  it('comes from an allowed registry or path only, by whole parts of the path [agent.package.registry]', () => {
    allowed('r.example.org/acme/a:v1.0.0', 'r.example.org');
    allowed('r.example.org/acme/a:v1.0.0', 'other.example.org', 'r.example.org/acme/');
    for (const registry of ['r.example.or', 'r.example.org/ac', 'r.example.org/acme/a/b', 'example.org'])
      expect(() => allowed('r.example.org/acme/a:v1.0.0', registry)).toThrow('installs no packages from');
    expect(() => allowed('r.example.org/acme/a:v1.0.0')).toThrow('installs no packages from');
  });

  it('gives a package the name that Crossplane gives it [agent.package.reference]', () => {
    expect(defaultName(parsePackage('r.example.org/acme/provider.a_b:v1'))).toBe('acme-provider-ab');
    expect(defaultName(parsePackage(`r.example.org/${'a'.repeat(62)}-b:v1`))).toBe('a'.repeat(62));
  });

  it('is read also where it was stored without a host [agent.package.reference]', () => {
    expect([sourceOf('acme/a:v1.0.0'), versionOf('acme/a:v1.0.0')]).toEqual(['acme/a', 'v1.0.0']);
    expect([sourceOf('h:5000/a'), versionOf('h:5000/a')]).toEqual(['h:5000/a', 'latest']);
    expect([sourceOf(`h:5000/a@${digest}`), versionOf(`h/a@${digest}`)]).toEqual([
      'h:5000/a',
      'sha256:000000000000',
    ]);
  });
});
