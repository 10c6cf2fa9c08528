import { describe, expect, it } from '@jest/globals';
import { Edits } from '../../../src/apimachinery/json-edit.ts';
import { keepReferences, namesAnotherResource } from '../../../src/mapping/spec-references.ts';

const ref = '{"apiVersion":"a/v1","kind":"X","name":"x-1"}';
const live = `{"spec":{"resourceRef":${ref},"compositionRef":{"name":"c"},"compositionRevisionRef":{"name":"c-1"},"id":"i"}}`;

function kept(body: string, stored = live): string {
  const bytes = Buffer.from(body);
  const edits = new Edits();
  keepReferences(bytes, Buffer.from(stored), edits);
  return edits.apply(bytes).toString();
}

function isAnother(body: string, stored?: string): boolean {
  return namesAnotherResource(Buffer.from(body), stored === undefined ? undefined : Buffer.from(stored));
}

describe('the references of Crossplane in a whole object', () => {
  it('are put back where it leaves them out, and all other bytes stay', () => {
    const put = JSON.parse(kept('{"spec": {"id":"i", "n": 1.0}}')) as { spec: object };
    expect(put.spec).toEqual({ ...(JSON.parse(live) as { spec: object }).spec, n: 1 });
    expect(kept('{"spec": {"id":"i", "n": 1.0}}')).toContain('"id":"i", "n": 1.0}}');
    expect(JSON.parse(kept('{"spec":{}}'))).toEqual({
      spec: {
        resourceRef: JSON.parse(ref) as object,
        compositionRef: { name: 'c' },
        compositionRevisionRef: { name: 'c-1' },
      },
    });
  });

  it('are put back where it has null', () => {
    const stored = `{"spec":{"resourceRef":${ref}}}`;
    expect(kept('{"spec":{"resourceRef":null,"id":"i"}}', stored)).toBe(
      `{"spec":{"resourceRef":${ref},"id":"i"}}`,
    );
    expect(kept('{"spec":null}', stored)).toBe(`{"spec":{"resourceRef":${ref}}}`);
  });

  it('are put back in each of several specs, since the last one counts', () => {
    const stored = `{"spec":{"resourceRef":${ref}}}`;
    expect(kept('{"spec":{"a":1},"sp\\u0065c":{}}', stored)).toBe(
      `{"spec":{"resourceRef":${ref},"a":1},"sp\\u0065c":{"resourceRef":${ref}}}`,
    );
  });

  it('stay as they were sent, and nothing is added that was not there', () => {
    const body = '{"spec":{"compositionRef":{"name":"other"},"id":"i"}}';
    expect(kept(body, '{"spec":{"compositionRef":{"name":"c"}}}')).toBe(body);
    expect(kept(body, '{"spec":{"resourceRef":null}}')).toBe(body);
    expect(kept(body, '{"metadata":{}}')).toBe(body);
    expect(kept('{"metadata":{}}')).toBe('{"metadata":{}}');
    expect(kept('{"spec":"text"}')).toBe('{"spec":"text"}');
  });
});

describe('a body names another composite resource', () => {
  it.each([
    ['where the claim has none', `{"spec":{"resourceRef":${ref}}}`, '{"spec":{"id":"i"}}', true],
    ['on create', `{"spec":{"resourceRef":${ref}}}`, undefined, true],
    ['by its name', `{"spec":{"resourceRef":${ref.replace('x-1', 'x-2')}}}`, live, true],
    ['by one field less', '{"spec":{"resourceRef":{"name":"x-1"}}}', live, true],
    ['in the second of two specs', `{"spec":{"id":"i"},"spec":{"resourceRef":{}}}`, undefined, true],
    ['in the first of two', '{"spec":{"resourceRef":{"name":"y"},"resourceRef":null}}', undefined, true],
    ['under an escaped key', '{"spec":{"resourceR\\u0065f":{"name":"y"}}}', undefined, true],
    ['by a text', '{"spec":{"resourceRef":"y"}}', undefined, true],
    ['not by its own', `{"spec":{"resourceRef":${ref}}}`, live, false],
    [
      'not by its own in another order',
      '{"spec":{"resourceRef":{"name":"x-1", "kind":"X", "apiVersion":"a/v1"}}}',
      live,
      false,
    ],
    ['not by null', '{"spec":{"resourceRef":null}}', undefined, false],
    ['not without a spec', '{"metadata":{"resourceRef":{}}}', undefined, false],
  ])('%s', (_what, body, stored, expected) => {
    expect(isAnother(body, stored)).toBe(expected);
  });
});
