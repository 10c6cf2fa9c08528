import { describe, expect, it } from '@jest/globals';
import type { Status } from '../../../src/apimachinery/status.ts';
import { refusalToApp, showsObject, strictRefusal } from '../../../src/mapping/patch-refusal.ts';

const stored =
  '{"metadata":{"labels":{"a":"\\"b\\"","mcp-connector.upbound.io/app-cluster":"c","mcp-connector.upbound.io/app-namespace":"team","mcp-connector.upbound.io/app-resource-name":"mine"},"name":"claim-0123456789abcdef"}}';
const shown = '{"metadata":{"labels":{"a":"\\"b\\""},"name":"mine"}}';

/** As the API server quotes: strconv.Quote. */
function refusal(object: string, reason: string): Status {
  return strictWords(`Invalid value: ${JSON.stringify(object)}: ${reason}`);
}

function strictWords(message: string): Status {
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: ` "" is invalid: patch: ${message}`,
    reason: 'Invalid',
    details: { causes: [{ reason: 'FieldValueInvalid', message, field: 'patch' }] },
    code: 422,
  };
}

describe('a refusal that shows the patched object', () => {
  it('is told from others', () => {
    expect(showsObject(refusal(stored, 'why'))).toBe(true);
    expect(showsObject({ ...refusal(stored, 'why'), details: {} })).toBe(false);
    expect(showsObject({ ...refusal(stored, 'why'), reason: 'Conflict' })).toBe(false);
  });

  it('shows the object of the app cluster, wherever it stands', () => {
    expect(refusalToApp(refusal(stored, 'why'), undefined, [])).toEqual(refusal(shown, 'why'));
    expect(refusalToApp(refusal(stored, `missing in '${stored}'`), undefined, [])).toEqual(
      refusal(shown, `missing in '${shown}'`),
    );
    expect(refusalToApp(refusal(stored, 'why'), '{"made":"here"}', [])).toEqual(
      refusal('{"made":"here"}', 'why'),
    );
  });

  it('leaves what is no object as it is', () => {
    expect(refusalToApp(refusal('[]', 'why'), undefined, [])).toEqual(refusal('[]', 'why'));
  });

  it('names the problems of the patch first, in place of those of the patch that was sent', () => {
    const there = refusal(
      stored,
      'strict decoding error: json patch duplicate field "[0].value.a", unknown field "spec.x"',
    );
    expect(refusalToApp(there, undefined, ['json patch unknown field "[0].more"'])).toEqual(
      refusal(shown, 'strict decoding error: json patch unknown field "[0].more", unknown field "spec.x"'),
    );
    expect(
      refusalToApp(refusal(stored, 'no number'), undefined, ['json patch unknown field "[0].more"']),
    ).toEqual(refusal(shown, 'no number'));
  });

  it('can be made of the problems of a patch alone', () => {
    expect(strictRefusal(shown, ['duplicate field "a"', 'duplicate field "b"'])).toEqual(
      refusal(shown, 'strict decoding error: duplicate field "a", duplicate field "b"'),
    );
  });
});
