import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { ConfigMap, KubeObject } from '../../src/apimachinery/objects.ts';
import { apiServicePath, configMapPath } from '../../src/clusters/api-paths.ts';
import { ensureTools } from '../../src/demo/tools.ts';
import { Claims } from '../support/claims.ts';
import { eventually, type TestConnector } from '../support/lab.ts';
import type { ClaimApi } from '../support/platform-api.ts';
import { isGone, TestGround } from '../support/test-ground.ts';

jest.setTimeout(120_000);

const run = promisify(execFile);
const root = path.resolve(import.meta.dirname, '../..');
const charts = {
  before: path.join(root, 'test/testdata/chart-before'),
  now: path.join(root, 'charts/mcp-connector'),
};
/** Of the chart; the connector of the test registers under the name of its ground. */
const release = 'upgraded-mcp-connector';

let ground: TestGround;
let api: ClaimApi;
let claims: Claims;
let connector: TestConnector;
let program: string;

beforeAll(async () => {
  program = (await ensureTools(['helm'], () => undefined)).helm;
  ground = await TestGround.prepare('upgrade');
  await removeRelease();
  api = await ground.offer({ kind: 'Database', plural: 'databases' });
  claims = new Claims(ground, api, await ground.createAppNamespace('a'), await ground.app.uidOfKubeSystem());
  await install('before');
  connector = await startConnector();
  await ground.available(api);
}, 240_000);
afterAll(async () => {
  await connector?.stop();
  if (ground) await removeRelease();
  await ground?.remove();
});

async function helm(...args: string[]): Promise<string> {
  const flags = ['--namespace', ground.namespace, '--kubeconfig', ground.app.kubeconfig];
  return (await run(program, [...args, ...flags])).stdout;
}

/** The pods stay Pending in a cluster without nodes, so nothing is waited for. */
function install(version: keyof typeof charts): Promise<string> {
  return helm(
    'upgrade',
    '--install',
    release,
    charts[version],
    '--set=spaces.controlPlane.claimNamespace=claims',
    '--set=spaces.controlPlane.kubeconfigSecret.name=control-plane',
    `--set=rbac.groups[0].group=${ground.group},rbac.groups[0].resources={databases}`,
  );
}

/** What a killed run left: cluster-scoped objects do not go with the ground's namespace. */
async function removeRelease(): Promise<void> {
  await ground.app.run(
    `delete clusterroles,clusterrolebindings --selector app.kubernetes.io/instance=${release} --ignore-not-found`,
  );
}

/** Its APIServices belong to the chart's ClusterRole, as those of the chart's pods do. */
function startConnector(): Promise<TestConnector> {
  return ground.startConnector({
    flags: [`--allow=*.${ground.group}`, `--owner-cluster-role=${release}`],
  });
}

/** `kind/name uid` of what the release holds, without what Helm keeps for itself. */
async function releasedObjects(): Promise<string[]> {
  const kinds = 'deployments,services,serviceaccounts,roles,rolebindings,poddisruptionbudgets';
  const columns = 'custom-columns=KIND:.kind,NAME:.metadata.name,UID:.metadata.uid --no-headers';
  const selector = `--selector app.kubernetes.io/instance=${release}`;
  const namespaced = await ground.app.run(
    `--namespace ${ground.namespace} get ${kinds} ${selector} --output ${columns}`,
  );
  const cluster = await ground.app.run(
    `get clusterroles,clusterrolebindings ${selector} --output ${columns}`,
  );
  return `${namespaced}\n${cluster}`.split('\n').map((line) => line.replaceAll(/ +/g, ' ').trim());
}

async function registered(): Promise<(string | undefined)[]> {
  return (await ground.apiServices()).map(({ metadata }) => metadata.uid);
}

async function argsOf(): Promise<string[]> {
  const args = await ground.app.run(
    `--namespace ${ground.namespace} get deployment ${release} --output jsonpath={.spec.template.spec.containers[0].args}`,
  );
  return JSON.parse(args) as string[];
}

/** With a field that this version does not know. */
function extended(text = '{}'): string {
  return JSON.stringify({ ...(JSON.parse(text) as object), future: { known: false } });
}

/** As a version writes it that knows more than this one. */
async function fromTheFuture(): Promise<void> {
  const state = await readState();
  const { data = {}, binaryData = {} } = state;
  const catalog = gunzipSync(Buffer.from(binaryData['catalog.json.gz'] ?? '', 'base64')).toString();
  await ground.app.client.replace(configMapPath(ground.namespace, `${ground.name}-state`), {
    ...state,
    data: {
      ...data,
      future: 'unknown',
      binding: extended(data['binding']),
      'claim-namespaces': extended(data['claim-namespaces']),
    },
    binaryData: {
      ...binaryData,
      'catalog.json.gz': gzipSync(extended(catalog)).toString('base64'),
    },
  });
}

function readState(): Promise<ConfigMap> {
  return ground.app.client.get<ConfigMap>(configMapPath(ground.namespace, `${ground.name}-state`));
}

describe('the chart', () => {
  it('is upgraded and rolled back in place: no object is made anew, and every API stays [gitops.upgrade.chart]', async () => {
    await claims.create('kept');
    const before = await releasedObjects();
    expect(before.length).toBeGreaterThan(8);
    const [apiService] = await registered();
    expect(apiService).toBeTruthy();
    const argsBefore = await argsOf();

    await install('now');
    expect(await releasedObjects()).toEqual(expect.arrayContaining(before));
    expect(await argsOf()).not.toEqual(argsBefore);
    expect(await registered()).toEqual([apiService]);
    expect(await claims.names()).toEqual(['kept']);

    await helm('rollback', release, '1');
    expect(await releasedObjects()).toEqual(before);
    expect(await argsOf()).toEqual(argsBefore);
    expect(await registered()).toEqual([apiService]);
    expect(await claims.names()).toEqual(['kept']);

    await install('now');
    expect(await releasedObjects()).toEqual(expect.arrayContaining(before));
    expect((await helm('history', release, '--output', 'json')).match(/"deployed"/g)).toHaveLength(1);
  });
});

describe('the state', () => {
  it('of a newer version is served from, and what is not known of it stays [gitops.upgrade.state]', async () => {
    await eventually(async () => {
      const { data, binaryData } = await readState();
      expect(Object.keys({ ...data, ...binaryData })).toEqual(
        expect.arrayContaining(['binding', 'claim-namespaces', 'catalog.json.gz']),
      );
    });
    const uids = await registered();
    await connector.stop();
    await fromTheFuture();
    connector = await startConnector();
    expect(await connector.stderr()).toContain('the last catalog was restored');
    await eventually(async () => expect(await claims.names()).toEqual(['kept']));
    // Written to again: another namespace holds claims.
    const further = new Claims(
      ground,
      api,
      await ground.createAppNamespace('b'),
      await ground.app.uidOfKubeSystem(),
    );
    await further.create('further');
    const { data } = await readState();
    expect(data?.['claim-namespaces']).toContain(further.namespace);
    expect(data).toMatchObject({ future: 'unknown' });
    expect(data?.['binding']).toContain('future');
    expect(await registered()).toEqual(uids);
  });

  it('goes with nothing of the chart: a release that is installed again finds it [gitops.upgrade.reinstall]', async () => {
    const state = await readState();
    await connector.stop();
    // Its hook is a Job, which needs a node.
    await helm('uninstall', release, '--no-hooks');
    const apiService = apiServicePath(`v1.${ground.group}`);
    await eventually(async () => expect(await isGone(ground.app.client, apiService)).toBe(true));
    expect((await readState()).metadata.uid).toBe(state.metadata.uid);

    await install('now');
    connector = await startConnector();
    await ground.available(api);
    const { items } = await ground.app.client.get<{ items: KubeObject[] }>(claims.path());
    expect(items.map(({ metadata }) => metadata.name)).toEqual(['kept']);
  });
});
