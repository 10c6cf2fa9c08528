import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { ConfigMap, KubeObject } from '../../src/apimachinery/objects.ts';
import { configMapPath } from '../../src/clusters/api-paths.ts';
import type { ApiAnswer } from '../support/api-request.ts';
import { type Claim, Claims } from '../support/claims.ts';
import { eventually } from '../support/lab.ts';
import { OutageGround } from '../support/outage-ground.ts';
import type { ClaimApi } from '../support/platform-api.ts';

// Generous: the machine may be busy, and no timing is a test here.
jest.setTimeout(180_000);

const metadataList = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';
/** In base64 close to what Kubernetes allows all annotations of an object. It cannot be packed. */
const annotationBytes = 180_000;
let outage: OutageGround;
let buckets: ClaimApi;
let large: Claims;

beforeAll(async () => {
  outage = await OutageGround.prepare('saved-claims');
  const { ground, claims } = outage;
  buckets = await ground.offer({ kind: 'Bucket', plural: 'buckets' });
  await ground.available(buckets);
  large = new Claims(ground, buckets, claims.namespace, await ground.app.uidOfKubeSystem());
});
afterAll(() => outage?.remove());

async function grow(name: string): Promise<void> {
  const claim = JSON.parse(large.manifest(name)) as Claim;
  claim.metadata.annotations = {
    'crossplane.io/paused': 'true',
    'test.example.org/large': randomBytes(annotationBytes).toString('base64'),
  };
  await outage.ground.app.client.create(large.path(), claim);
}

/** Resources whose lists are saved. A new leader saves at once; after that a copy is made once a minute. */
async function savedAnew(): Promise<string[]> {
  const { ground, connector } = outage;
  const path = configMapPath(ground.namespace, `${ground.name}-claims`);
  const read = (): Promise<ConfigMap> => ground.app.client.get<ConfigMap>(path);
  const before = (await eventually(read)).metadata.resourceVersion;
  await connector.process.restart();
  await connector.process.ready();
  return await eventually(async () => {
    const { metadata, binaryData = {} } = await read();
    expect(metadata.resourceVersion).not.toBe(before);
    return Object.keys(binaryData).map((key) => key.split('.', 1)[0] as string);
  });
}

function list(claims: Claims): Promise<ApiAnswer> {
  return outage.ground.app.ask(`${claims.path()}?resourceVersion=0`, { headers: { accept: metadataList } });
}

async function warnings(): Promise<{ resource?: string }[]> {
  const lines = (await outage.connector.stderr()).split('\n');
  return lines
    .filter((line) => line.includes('too large to be saved'))
    .map((line) => JSON.parse(line) as { resource?: string });
}

describe('claims whose metadata does not fit into a ConfigMap', () => {
  it('are not saved, not as they were before either; those of other kinds are, and the log says so [namespaces.outage.size]', async () => {
    await grow('large-1');
    await eventually(async () => expect((await savedAnew()).toSorted()).toEqual(['buckets', 'databases']));
    expect(await warnings()).toEqual([]);
    for (let i = 2; i <= 7; i++) await grow(`large-${i}`);
    await eventually(async () => expect(await savedAnew()).toEqual(['databases']));
    expect((await warnings()).at(-1)).toMatchObject({
      resource: `buckets.${outage.ground.group}`,
      level: 'warn',
    });
  });

  it('are 503 to a list at any version after a restart in an outage, and others are listed [namespaces.outage.size]', async () => {
    const { proxy, connector, claims } = outage;
    await outage.fail({ kind: 'stopped' }, /ECONNREFUSED/);
    await connector.process.restart();
    await connector.process.ready();
    // Its only replica was away, and kube-apiserver may answer 503 itself until it has looked again.
    const small = await eventually(async () => {
      const answer = await list(claims);
      expect({ status: answer.status, text: answer.text }).toMatchObject({ status: 200 });
      return answer;
    });
    const { items } = small.json() as { items: KubeObject[] };
    expect(items.map(({ metadata }) => metadata.name)).toEqual(['kept']);
    const answer = await list(large);
    expect(answer.status).toBe(503);
    expect(answer.headers['retry-after']).toMatch(/^[123]$/);
    expect(answer.text).toContain('control plane is not available since');

    await proxy.use({ kind: 'pass' });
    await outage.servesData();
    expect((await large.names()).length).toBe(7);
  });
});
