import { describe, expect, it } from '@jest/globals';
import type { Status } from '../../../src/apimachinery/status.ts';
import { controlPlaneName } from '../../../src/mapping/identity.ts';
import { type StatusNames, statusToApp } from '../../../src/mapping/status.ts';

const connection = { clusterID: 'c-1', claimNamespace: 'claims-1' };
const names: StatusNames = {
  connection,
  prefix: 'claim',
  namespace: 'team-a',
  name: 'my-cluster',
  secretName: 'my-secret',
};
const stored = (name: string): string => controlPlaneName('claim', { namespace: 'team-a', name }, 'c-1');

function status(more: Partial<Status>): Status {
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', ...more };
}

describe('statusToApp', () => {
  it('says the user’s names in the key of an object in etcd too', () => {
    const there = status({
      message: `Key: /registry/g/r/claims-1/${stored('my-cluster')}, ResourceVersion: 0`,
    });
    expect(statusToApp(there, names).message).toBe(
      'Key: /registry/g/r/team-a/my-cluster, ResourceVersion: 0',
    );
  });

  it('says the user’s names wherever the hashed ones stand', () => {
    const there = status({
      message: `kubernetesclusters.k8s.starter.org "${stored('my-cluster')}" is forbidden in the namespace "claims-1": ${stored('my-secret')}`,
      reason: 'Forbidden',
      details: {
        name: stored('my-cluster'),
        kind: 'kubernetesclusters',
        uid: 'u',
        retryAfterSeconds: 1,
        causes: [{ field: 'spec', message: `not ${stored('my-cluster')}` }, { reason: 'x' }],
      },
      code: 403,
    });
    const before = structuredClone(there);
    expect(statusToApp(there, names)).toEqual({
      ...there,
      message:
        'kubernetesclusters.k8s.starter.org "my-cluster" is forbidden in the namespace "team-a": my-secret',
      details: {
        name: 'my-cluster',
        kind: 'kubernetesclusters',
        uid: 'u',
        retryAfterSeconds: 1,
        causes: [{ field: 'spec', message: 'not my-cluster' }, { reason: 'x' }],
      },
    });
    expect(there).toEqual(before);
  });

  it('takes a secret name for text, whatever stands in it', () => {
    const secretName = "$& $' $1";
    const message = `secret ${stored(secretName)} is taken`;
    expect(statusToApp(status({ message }), { ...names, secretName }).message).toBe(
      `secret ${secretName} is taken`,
    );
  });

  it('leaves words alone that only look alike', () => {
    const message = 'namespace claims-1, namespace "claims-10", my-cluster, claim-0000000000000000';
    expect(statusToApp(status({ message }), names).message).toBe(message);
  });

  it('changes nothing where no namespace was asked for, or nothing was said', () => {
    const message = 'in the namespace "claims-1"';
    expect(statusToApp(status({ message }), { ...names, namespace: undefined }).message).toBe(message);
    expect(statusToApp(status({}), names)).toEqual(status({}));
    const odd = status({
      message: 1 as unknown as string,
      details: { name: 2 as unknown as string, causes: 3 as unknown as [] },
    });
    expect(statusToApp(odd, names)).toEqual(odd);
  });
});
