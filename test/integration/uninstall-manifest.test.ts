import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { KubeObject } from '../../src/apimachinery/objects.ts';
import { apiServicePath, secretPath } from '../../src/clusters/api-paths.ts';
import { applyManifests, parseManifests } from '../../src/demo/manifests.ts';
import { Claims } from '../support/claims.ts';
import { eventually, type TestConnector } from '../support/lab.ts';
import { runCli, StoredClaims } from '../support/moved-claims.ts';
import type { ClaimApi } from '../support/platform-api.ts';
import { isGone, TestGround } from '../support/test-ground.ts';

// Generous: the machine may be busy, and no timing is a test here.
jest.setTimeout(180_000);

/** Names of deploy/install.yaml, which no other test applies. */
const release = 'mcp-connector';
const secret = 'my-controlplane-kubeconfig';
const file = path.resolve(import.meta.dirname, '../../deploy/install.yaml');

let ground: TestGround;
let api: ClaimApi;
let claims: Claims;
let stored: StoredClaims;
let connector: TestConnector;
let manifests: KubeObject[];

/** `<kind> <name>` of everything in the cluster that carries the chart's labels, without what the collector makes of a Service. */
async function labelled(): Promise<string[]> {
  const resources = await ground.app.run('api-resources --verbs=list --output=name');
  // Without the APIs of other tests.
  const looked = resources.split('\n').filter((name) => !/^events\b|\.test\.example\.org$/.test(name));
  const selector = `--selector app.kubernetes.io/name=mcp-connector,app.kubernetes.io/instance=${release}`;
  const names = await ground.app.run(`get ${looked.join()} --all-namespaces ${selector} --output=name`);
  return names === '' ? [] : names.split('\n');
}

async function removeManifests(): Promise<void> {
  const text = manifests.map((object) => JSON.stringify(object)).join('\n');
  await ground.app.run('delete --ignore-not-found --filename=-', text);
}

beforeAll(async () => {
  ground = await TestGround.prepare('uninstall-manifest');
  api = await ground.offer({ kind: 'Database', plural: 'databases' });
  stored = new StoredClaims(ground.controlPlane, api);
  // As docs/install.md tells, in a namespace of the test's own. The Service is that of the connector on this machine.
  const text = (await readFile(file, 'utf8'))
    .replaceAll('--claim-namespace=app-cluster-1', `--claim-namespace=${ground.claimNamespace}`)
    .replaceAll('namespace: kube-system', `namespace: ${ground.namespace}`);
  manifests = parseManifests(text).filter(({ kind }) => kind !== 'Service');
  for (const { metadata } of manifests)
    if (metadata.name === `${release}-auth-reader`) metadata.namespace = 'kube-system';
  await removeManifests();
  await ground.app.client.create(secretPath(ground.namespace), {
    apiVersion: 'v1',
    kind: 'Secret',
    // A user may label what belongs together.
    metadata: {
      name: secret,
      labels: { 'app.kubernetes.io/name': 'mcp-connector', 'app.kubernetes.io/part-of': release },
    },
    stringData: { kubeconfig: await readFile(ground.controlPlane.kubeconfig, 'utf8') },
  });
  await applyManifests(ground.app.client, manifests);
  connector = await ground.startConnector({
    controlPlane: { kubeconfig: '' },
    flags: [
      `--release-name=${release}`,
      `--owner-cluster-role=${release}`,
      `--control-plane-secret=${secret}`,
      `--allow=*.${ground.group}`,
    ],
  });
  await ground.available(api);
  claims = new Claims(
    ground,
    api,
    await ground.createAppNamespace('shop'),
    await ground.app.uidOfKubeSystem(),
  );
  await claims.create('orders');
  await stored.ready(ground.claimNamespace, claims.storedName('orders'));
});
afterAll(async () => {
  await connector?.stop();
  if (manifests) await removeManifests();
  await ground?.remove();
});

describe('uninstall of what deploy/install.yaml has made', () => {
  it('removes all of it by its labels, without Helm, and leaves the Secret of the user and the claims [uninstall.manifest, uninstall.credentials]', async () => {
    const kinds = new Set((await labelled()).map((name) => name.replace(/[./].*/, '')));
    expect([...kinds].toSorted()).toEqual([
      'clusterrole',
      'clusterrolebinding',
      'deployment',
      'poddisruptionbudget',
      'role',
      'rolebinding',
      'serviceaccount',
    ]);
    const before = await stored.infrastructure(ground.claimNamespace, claims.storedName('orders'));

    const ended = await runCli([
      'uninstall',
      '--keep-in-place',
      '--yes',
      `--kubeconfig=${ground.app.kubeconfig}`,
      `--installation-namespace=${ground.namespace}`,
      '--helm=/nowhere/helm',
    ]);

    expect(ended).toMatchObject({ code: 0, stderr: '' });
    await connector.stop();
    expect(await labelled()).toEqual([]);
    expect(await isGone(ground.app.client, apiServicePath(`v1.${ground.group}`))).toBe(true);
    const inNamespace = await ground.app.run(
      `get configmaps,secrets,leases,services,roles,serviceaccounts,deployments --namespace=${ground.namespace} --output=name`,
    );
    expect(inNamespace.split('\n').toSorted()).toEqual([
      'configmap/kube-root-ca.crt',
      `secret/${secret}`,
      'serviceaccount/default',
    ]);
    expect(await stored.infrastructure(ground.claimNamespace, claims.storedName('orders'))).toEqual(before);
    await eventually(async () => expect(await ground.app.discovered(ground.group, 'v1')).toBeUndefined());
  });
});
