import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, it, jest } from '@jest/globals';
import { Cancellation } from '../../src/base/cancellation.ts';
import { accessFromKubeconfig } from '../../src/clusters/cluster-access.ts';
import { KubeClient } from '../../src/clusters/kube-client.ts';
import { Transport } from '../../src/clusters/transport.ts';
import { ControlPlane } from '../../src/upstream/control-plane.ts';
import { sharedLab } from '../support/shared-lab.ts';

// Generous: the machine may be busy, and no timing is a test here.
jest.setTimeout(120_000);

interface Kubeconfig {
  users: { name: string; user: object }[];
}

interface SelfSubjectReview {
  status: { userInfo: object };
}

const acting = {
  as: 'jane',
  'as-uid': '1-2-3',
  'as-groups': ['platform', 'ops'],
  'as-user-extra': { 'example.org/scopes': ['read', 'write'] },
};
const jane = {
  username: 'jane',
  uid: '1-2-3',
  groups: ['platform', 'ops', 'system:authenticated'],
  extra: { 'example.org/scopes': ['read', 'write'] },
};
const path = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };

const kubeconfig = JSON.parse(readFileSync(sharedLab().controlPlane.kubeconfig, 'utf8')) as Kubeconfig;
for (const { user } of kubeconfig.users) Object.assign(user, acting);
const transport = new Transport(accessFromKubeconfig(JSON.stringify(kubeconfig), 'the test'));

afterAll(() => transport[Symbol.asyncDispose]());

describe('a kubeconfig that acts as somebody', () => {
  it('is that one when the connector calls [serve.process.impersonate]', async () => {
    const { status } = await new KubeClient(transport).create<SelfSubjectReview>(path, review);
    expect(status.userInfo).toEqual(jane);
  });

  it('is that one in forwarded requests [serve.process.impersonate]', async () => {
    const answer = await new ControlPlane(transport).collect({
      method: 'POST',
      path,
      headers: { 'content-type': 'application/json' },
      body: Buffer.from(JSON.stringify(review)),
      cancellation: new Cancellation(),
    });
    const { status } = JSON.parse(answer.body.toString()) as SelfSubjectReview;
    expect(status.userInfo).toEqual(jane);
  });
});
