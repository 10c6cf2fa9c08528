import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { CustomResourceDefinition, KubeObject } from '../../src/apimachinery/objects.ts';
import { crdPath } from '../../src/clusters/api-paths.ts';
import { freePort } from '../../src/demo/free-ports.ts';
import { askDirectly, certificateOf, type ClientMaterial } from '../support/api-request.ts';
import { eventually, type TestConnector } from '../support/lab.ts';
import { type ClaimApi, claimCrdName } from '../support/platform-api.ts';
import { TestGround } from '../support/test-ground.ts';

jest.setTimeout(120_000);
const discovery = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
const table = 'application/json;as=Table;v=v1;g=meta.k8s.io';
const xrdBase = '/apis/apiextensions.crossplane.io/v1/compositeresourcedefinitions';
const unrelated = Array.from({ length: 50 }, (_, at) => `unrelated${at}`);

let ground: TestGround;
let reports: ClaimApi;
let connector: TestConnector;
let admin: ClientMaterial;

beforeAll(async () => {
  ground = await TestGround.prepare('catalog-documents');
  reports = await ground.offer({ kind: 'Report', plural: 'reports', versions: ['v1', 'v1beta1'] });
  admin = await certificateOf(ground.app);
  connector = await ground.startConnector({ flags: [`--allow=*.${ground.group}`] });
  await ground.available(reports);
});
afterAll(async () => {
  if (!ground) return;
  const { client } = ground.controlPlane;
  for (const plural of unrelated)
    await client.delete(crdPath(`${plural}.${groupOf(plural)}`)).catch(() => undefined);
  await ground.remove();
});

/** Half of them in the group and version of the claims, where an aggregated document could take them along. */
function groupOf(plural: string): string {
  return Number(plural.slice('unrelated'.length)) % 2 === 0 ? ground.group : `other.${ground.group}`;
}

/** Bytes of every document that the aggregator, or kubectl behind it, reads of the connector. */
async function documentSizes(): Promise<Record<string, number>> {
  const openApi = `/openapi/v3/apis/${ground.group}/v1`;
  const sizes: Record<string, number> = {};
  for (const path of ['/apis', `/apis/${ground.group}/v1`, '/openapi/v2', '/openapi/v3', openApi]) {
    const headers = path === '/apis' ? { accept: discovery } : {};
    const answer = await askDirectly(connector.url, path, { client: admin, headers });
    expect(answer.status).toBe(200);
    sizes[path] = Buffer.byteLength(answer.text);
  }
  return sizes;
}

/** Changes the XRD; Crossplane makes the CRD of it. */
async function changeXrd(change: (versions: Record<string, unknown>[]) => void): Promise<void> {
  const path = `${xrdBase}/x${reports.plural}.${ground.group}`;
  await eventually(async () => {
    const xrd = await ground.controlPlane.client.get<
      KubeObject & { spec: { versions: Record<string, unknown>[] } }
    >(path);
    change(xrd.spec.versions);
    await ground.controlPlane.client.replace(path, xrd);
  });
}

function serveOlder(served: boolean): Promise<void> {
  return changeXrd(([, older]) => {
    if (older) older['served'] = served;
  });
}

describe('the documents of the connector', () => {
  it('do not grow by a byte with 50 kinds that nobody connects [serve.catalog.size]', async () => {
    const before = await documentSizes();
    const { client } = ground.controlPlane;
    for (const plural of unrelated) {
      const schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
      const kind = `U${plural.slice(1)}`;
      await client.create(crdPath(), {
        apiVersion: 'apiextensions.k8s.io/v1',
        kind: 'CustomResourceDefinition',
        metadata: { name: `${plural}.${groupOf(plural)}` },
        spec: {
          group: groupOf(plural),
          scope: 'Namespaced',
          names: { kind, plural, singular: plural.toLowerCase(), listKind: `${kind}List` },
          versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } }],
        },
      });
    }
    await eventually(async () => {
      const [, last = ''] = unrelated.toReversed();
      expect(await client.getText(`/openapi/v3/apis/${ground.group}/v1`)).toContain(`/${last}/`);
    });
    // A change of its own shows that the connector has read the documents since.
    const description = 'What the report is about.';
    await ground.offer({ ...reports, parameters: { topic: { type: 'string', description } } });
    await eventually(async () => {
      const answer = await askDirectly(connector.url, `/openapi/v3/apis/${ground.group}/v1`, {
        client: admin,
      });
      expect(answer.text).toContain(description);
    });
    await ground.offer(reports);
    await eventually(async () => expect(await documentSizes()).toEqual(before), { timeoutMs: 60_000 });
  });

  it('are equal in another replica that reads the control plane anew [serve.replicas.openapi]', async () => {
    const other = await ground.startConnector({
      name: 'catalog-documents.other',
      flags: [`--allow=*.${ground.group}`, `--external-port=${await freePort()}`],
    });
    const openApi = [`/openapi/v3/apis/${ground.group}/v1`, `/openapi/v3/apis/${ground.group}/v1beta1`];
    for (const path of ['/openapi/v2', '/openapi/v3', ...openApi]) {
      const [a, b] = await Promise.all(
        [connector, other].map((one) => askDirectly(one.url, path, { client: admin })),
      );
      expect({ path, etag: b?.headers.etag }).toEqual({ path, etag: a?.headers.etag });
      expect(a?.headers.etag).toMatch(/^"[0-9A-F]{128}"$/);
      const again = await askDirectly(other.url, path, {
        client: admin,
        headers: { 'if-none-match': a?.headers.etag as string },
      });
      expect({ path, status: again.status, text: again.text }).toEqual({ path, status: 304, text: '' });
    }
    await other.stop();
  });

  it('are 503 and never empty before the control plane was read [serve.catalog.unknown]', async () => {
    const ignorant = await ground.startConnector({
      name: 'catalog-documents.ignorant',
      controlPlane: { kubeconfig: '' },
      ready: false,
      flags: ['--release-name=catalog-ignorant', '--control-plane-secret=nowhere', '--deny=*'],
    });
    const group = `/apis/${ground.group}`;
    const documents = ['/openapi/v2', '/openapi/v3', `/openapi/v3${group}/v1`];
    for (const path of ['/apis', group, `${group}/v1`, `${group}/v1/reports`, ...documents]) {
      const answer = await eventually(() => askDirectly(ignorant.url, path, { client: admin }));
      expect({ path, status: answer.status, wait: answer.headers['retry-after'] }).toEqual({
        path,
        status: 503,
        wait: '1',
      });
    }
    await ignorant.stop();
  });
});

describe('the APIs of the app cluster', () => {
  it('follow the columns of a version [serve.catalog.columns]', async () => {
    await changeXrd((versions) => {
      for (const version of versions)
        version['additionalPrinterColumns'] = [
          { name: 'Magnitude', type: 'string', jsonPath: '.spec.parameters.size', description: 'How large.' },
        ];
    });
    const path = `/apis/${ground.group}/v1/reports`;
    await eventually(async () => {
      const answer = await ground.app.ask(path, { headers: { accept: table } });
      const { columnDefinitions } = answer.json() as { columnDefinitions: { name: string }[] };
      expect(columnDefinitions.map(({ name }) => name)).toContain('Magnitude');
    });
  });

  it('lose a version that is not served any more, and get it back [serve.catalog.unserved]', async () => {
    const path = `/apis/${ground.group}/v1beta1/reports`;
    expect((await ground.app.ask(path)).status).toBe(200);
    await serveOlder(false);
    await eventually(async () => {
      const crd = await ground.controlPlane.client.get<CustomResourceDefinition>(
        crdPath(claimCrdName(reports)),
      );
      expect(crd.spec.versions.filter(({ served }) => served).map(({ name }) => name)).toEqual(['v1']);
    });
    await eventually(async () => {
      expect((await ground.app.ask(path)).status).toBe(404);
      expect(await ground.app.discovered(ground.group, 'v1beta1')).toBeUndefined();
    });
    // The control plane makes a new store for the CRD, and answers 429 until that has read its objects.
    const other = `/apis/${ground.group}/v1/reports`;
    await eventually(async () => expect((await ground.app.ask(other)).status).toBe(200));
    await serveOlder(true);
    await eventually(async () => expect((await ground.app.ask(path)).status).toBe(200));
  });
});
