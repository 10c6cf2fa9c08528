import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { APIService } from '../../src/apimachinery/objects.ts';
import { apiServicePath, servicePath } from '../../src/clusters/api-paths.ts';
import { Claims } from '../support/claims.ts';
import { eventually, type TestConnector } from '../support/lab.ts';
import { type ClaimApi, deleteIfThere } from '../support/platform-api.ts';
import { SteadyList } from '../support/steady-list.ts';
import { TestGround } from '../support/test-ground.ts';

// Generous: the machine may be busy, and no timing is a test here.
jest.setTimeout(120_000);

const releaseLabel = 'mcp-connector-k8s.io/release';
let ground: TestGround;
let taken: ClaimApi;
let kept: ClaimApi;
let other: TestConnector;

beforeAll(async () => {
  ground = await TestGround.prepare('take-over');
  taken = await ground.offer({ kind: 'Database', plural: 'databases' });
  kept = await ground.offer({ kind: 'Queue', plural: 'queues', group: `kept.${ground.group}` });
  // What another product has registered: a connector without the label, which it then leaves alone.
  other = await ground.startConnector({
    flags: [`--allow=*.${ground.group}`, `--allow=*.${kept.group}`, '--release-name=other-product'],
  });
  for (const api of [taken, kept]) {
    await ground.available(api);
    await ground.app.client.patch(apiServicePath(`v1.${api.group}`), {
      metadata: { labels: { [releaseLabel]: null } },
    });
  }
  // A third one's, which nobody named.
  await ground.app.client.create(servicePath(ground.namespace), {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'third', namespace: ground.namespace },
    spec: { type: 'ExternalName', externalName: 'localhost', ports: [{ port: other.port }] },
  });
  await ground.app.client.patch(apiServicePath(`v1.${kept.group}`), { spec: { service: { name: 'third' } } });
});
afterAll(async () => {
  if (!ground) return;
  for (const api of [taken, kept]) await deleteIfThere(ground.app.client, apiServicePath(`v1.${api.group}`));
  await ground.remove();
});

function registered({ group }: ClaimApi): Promise<APIService> {
  return ground.app.client.get<APIService>(apiServicePath(`v1.${group}`));
}

describe('a connector with --take-over', () => {
  it('takes what leads to the named Service, without a request that fails, and nothing else [install.takeover]', async () => {
    const namespace = await ground.createAppNamespace('users');
    const claims = new Claims(ground, taken, namespace, await ground.app.uidOfKubeSystem());
    const { uid } = (await claims.create('kept')).metadata;
    await using list = new SteadyList(ground.app.client, claims.path());
    const before = (await registered(kept)).spec;
    await using connector = await ground.startConnector({
      flags: [
        `--allow=*.${ground.group}`,
        `--allow=*.${kept.group}`,
        `--take-over=${ground.namespace}/other-product`,
      ],
    });
    await eventually(async () => {
      const { metadata, spec } = await registered(taken);
      expect(spec.service).toMatchObject({ namespace: ground.namespace, name: ground.name });
      expect(metadata.labels?.[releaseLabel]).toBe(ground.name);
    });
    await list.further(50);
    expect(await list.stop()).toEqual([`kept ${uid}`]);
    expect((await registered(kept)).spec).toEqual(before);
    expect(await connector.stderr()).toContain('took over an API');
    // The first is not needed any more.
    await other.stop();
    await eventually(async () => expect(await claims.names()).toEqual(['kept']));
  });
});
