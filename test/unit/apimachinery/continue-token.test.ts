import { describe, expect, it } from '@jest/globals';
import { parseContinue, printContinue } from '../../../src/apimachinery/continue-token.ts';

const printed = (token: unknown): string => Buffer.from(JSON.stringify(token)).toString('base64url');
const v = 'meta.k8s.io/v1';

describe('continue tokens', () => {
  it('are read as they were printed, whatever the name looks like', () => {
    for (const start of ['a\0', 'ns/a\0', 'claim-0123456789abcdef\0']) {
      const token = { resourceVersion: 7, start };
      expect(parseContinue(printContinue(token))).toEqual(token);
    }
  });

  it('of Kubernetes lead on by name', () => {
    expect(parseContinue(printed({ v, rv: -1, start: '/a\0' }))).toEqual({
      resourceVersion: -1,
      start: 'a\0',
    });
  });

  it('of the control plane, whose keys are hashed names, are left to it', () => {
    expect(parseContinue(printed({ v, rv: 7, start: '/claim-0123456789abcdef\0' }))).toBeUndefined();
    expect(parseContinue(printed({ v, rv: 7, start: 'nxr-0123456789abcdef\0' }))).toBeUndefined();
  });

  it.each([
    'x',
    '====',
    'a b',
    printed(null),
    printed([]),
    printed({ v: 'meta.k8s.io/v2', rv: 1, start: 'a' }),
    printed({ v, rv: 0, start: 'a' }),
    printed({ v, rv: 1.5, start: 'a' }),
    printed({ v, rv: '1', start: 'a' }),
    printed({ v, rv: 1, start: '' }),
    printed({ v, rv: 1 }),
    printed({ v, rv: 1, start: 'a/../b' }),
    printed({ v, rv: 1, start: '//a' }),
    printed({ v, rv: 1, start: 'a/' }),
  ])('that are none are refused by the control plane: %s', (text) => {
    expect(parseContinue(text)).toBeUndefined();
  });
});
