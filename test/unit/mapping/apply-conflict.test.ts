import { describe, expect, it } from '@jest/globals';
import type { Status, StatusCause } from '../../../src/apimachinery/status.ts';
import { conflictToApp } from '../../../src/mapping/apply-conflict.ts';

function conflict(message: string, ...causes: [message: string, field: string][]): Status {
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    reason: 'Conflict',
    details: {
      causes: causes.map(([text, field]): StatusCause => ({
        reason: 'FieldManagerConflict',
        message: text,
        field,
      })),
    },
    code: 409,
  };
}

function owner(uid: string): string {
  return `.metadata.annotations.mcp-connector-k8s.io/owner.${uid}`;
}

const amy = 'conflict with "amy"';
const bob = 'conflict with "bob" using v1';

describe('the conflict of an apply', () => {
  it('tells the secret once', () => {
    const there = conflict(
      'Apply failed with 2 conflicts: conflicts with "amy":\n- ...',
      [amy, '.metadata.annotations.mcp-connector-k8s.io/connection-secret-name'],
      [amy, '.spec.writeConnectionSecretToRef.name'],
    );
    expect(conflictToApp(there)).toEqual(
      conflict('Apply failed with 1 conflict: conflict with "amy": .spec.writeConnectionSecretToRef.name', [
        amy,
        '.spec.writeConnectionSecretToRef.name',
      ]),
    );
  });

  it('tells owners by their uids, manager by manager', () => {
    const there = conflict('...', [amy, owner('u-1')], [amy, '.spec.size'], [bob, owner('u-2')]);
    expect(conflictToApp(there)).toEqual(
      conflict(
        'Apply failed with 3 conflicts: conflicts with "amy":\n- .metadata.ownerReferences[uid="u-1"]\n- .spec.size\nconflicts with "bob" using v1:\n- .metadata.ownerReferences[uid="u-2"]',
        [amy, '.metadata.ownerReferences[uid="u-1"]'],
        [amy, '.spec.size'],
        [bob, '.metadata.ownerReferences[uid="u-2"]'],
      ),
    );
  });

  it('stays as it is about anything else', () => {
    const there = conflict('Apply failed with 1 conflict: ...', [amy, '.spec.size']);
    expect(conflictToApp(there)).toBe(there);
  });
});
