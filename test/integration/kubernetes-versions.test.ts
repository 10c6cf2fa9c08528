import { readFileSync } from 'node:fs';
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { clusterTools, type Lab, type LabFacts, startLab } from '../../src/demo/lab.ts';
import { applyManifests, parseManifests } from '../../src/demo/manifests.ts';
import type { KubernetesRelease } from '../../src/demo/tool-catalog.ts';
import { crossplaneManifests } from '../../src/demo/tools.ts';
import { OracleGround } from '../oracle/ground.ts';
import { differencesText } from '../oracle/report.ts';
import { runScenario } from '../oracle/run.ts';
import { shortForm } from '../oracle/short-form.ts';
import { KubectlWatch } from '../support/kubectl-watch.ts';
import { eventually } from '../support/lab.ts';
import { describeWithReleases } from '../support/other-releases.ts';
import { labVariable } from '../support/shared-lab.ts';
import { GroundCluster } from '../support/test-ground.ts';

// Two clusters are started first, and built where that is asked for.
const startTimeoutMs = 40 * 60_000;
jest.setTimeout(60_000);

/** The oldest and the newest that are supported (docs/versions.md); the shared lab has the one between. */
const releases: readonly KubernetesRelease[] = ['1.30', '1.36'];

type Clusters = LabFacts['clusters'];

for (const release of releases) {
  const suite = await describeWithReleases('kubernetes-versions', clusterTools, { kubernetes: release });
  suite(`Kubernetes ${release}`, () => {
    let dir: string;
    let lab: Lab;

    beforeAll(async () => {
      dir = await mkdtemp(path.join(os.tmpdir(), 'mcp-connector-versions-'));
      lab = await startLab({
        dir,
        clusters: ['app', 'control-plane'],
        kubernetes: { app: release, 'control-plane': release },
        crossplane: false,
        log: () => undefined,
      });
      // Of Crossplane the oracle needs no more than the kind that owns its CRDs.
      const file = 'crds/apiextensions.crossplane.io_compositeresourcedefinitions.yaml';
      const text = await readFile(path.join(await crossplaneManifests(), file), 'utf8');
      const { client } = lab.controlPlane;
      await applyManifests(client, parseManifests(text));
      await eventually(() => client.get('/apis/apiextensions.crossplane.io/v1/compositeresourcedefinitions'));
    }, startTimeoutMs);
    afterAll(async () => {
      await lab?.stop();
      await rm(dir, { recursive: true, force: true });
    });

    /**
     * The reference is of the control plane's release: its API server makes all answers that are not the connector's own. The
     * one cluster is app cluster and reference by turns, in API groups of their own.
     */
    const pairs = [
      {
        side: 'app cluster',
        facts: (own: Clusters, shared: Clusters): Clusters => ({ ...shared, app: own['app']! }),
      },
      {
        side: 'control plane',
        facts: (own: Clusters, shared: Clusters): Clusters => ({
          app: shared['app']!,
          'control-plane': own['control-plane']!,
          reference: own['app']!,
        }),
      },
    ];
    describe.each(pairs)('as $side', ({ side, facts }) => {
      let ground: OracleGround;
      let app: GroundCluster;

      beforeAll(async () => {
        const shared = JSON.parse(readFileSync(process.env[labVariable] ?? '', 'utf8')) as LabFacts;
        const clusters = facts(lab.facts().clusters, shared.clusters);
        const name = `v${release.replace('.', '-')}-${side.replace(' ', '-')}`;
        ground = await OracleGround.open({
          facts: { ...lab.facts(), clusters },
          name,
          // An earlier run on the same shared lab was bound to a cluster that is no more.
          flags: ['--rebind'],
        });
        await ground.clear();
        // kubectl keeps its discovery beside the kubeconfig.
        const kubeconfig = path.join(dir, `${name}.kubeconfig`);
        await cp(clusters['app']!.kubeconfig, kubeconfig);
        app = new GroundCluster(kubeconfig);
      });
      afterAll(async () => {
        await app?.close();
        await ground?.[Symbol.asyncDispose]();
      });

      it('is of that release', async () => {
        const cluster = side === 'app cluster' ? ground.app : ground.controlPlane;
        const { gitVersion } = await cluster.get<{ gitVersion: string }>('/version');
        expect(gitVersion).toMatch(new RegExp(`^v${release}\\.\\d+$`));
      });

      it('gives its APIs to kubectl in discovery and OpenAPI [serve.versions.discovery]', async () => {
        const { group } = ground;
        const names = (await app.run(`api-resources --api-group=${group} --output=name`)).split('\n');
        const expected = ['buckets', 'databases', 'networks'].map((one) => `${one}.${group}`);
        expect(names).toEqual(expect.arrayContaining(expected));
        // The aggregator fetches OpenAPI in its own time.
        await eventually(async () => {
          expect(await app.run(`explain networks.spec.crossplane --api-version=${group}/v1`)).toContain(
            'Configures how Crossplane will reconcile this composite resource',
          );
          const { paths } = JSON.parse(await app.run('get --raw /openapi/v2')) as { paths: object };
          expect(Object.keys(paths)).toContain(`/apis/${group}/v1/namespaces/{namespace}/databases/{name}`);
        });
      });

      it('takes kubectl create, get, apply, get --watch and delete [serve.versions.kubectl]', async () => {
        const { group, namespace } = ground;
        const kubectl = (args: string, input?: string): Promise<string> =>
          app.run(`--namespace ${namespace} ${args}`, input);
        const manifest = (size: string): string =>
          JSON.stringify({
            apiVersion: `${group}/v1`,
            kind: 'Bucket',
            metadata: { name: 'one' },
            spec: { parameters: { size } },
          });
        // The shared lab has buckets of other groups too.
        const buckets = `buckets.${group}`;
        const watching = `--namespace ${namespace} get ${buckets} --watch --output-watch-events`;
        await using watch = new KubectlWatch(app.kubeconfig, watching.split(' '));
        const bucket = `bucket.${group}/one`;
        expect(await kubectl('create --filename - --save-config', manifest('small'))).toBe(
          `${bucket} created`,
        );
        expect(await kubectl('apply --filename -', manifest('large'))).toBe(`${bucket} configured`);
        expect(await kubectl('apply --filename -', manifest('large'))).toBe(`${bucket} unchanged`);
        const manager = 'apply --server-side --field-manager=kubectl --force-conflicts --filename -';
        expect(await kubectl(manager, manifest('medium'))).toBe(`${bucket} serverside-applied`);
        expect(await kubectl(`get ${buckets} one --output jsonpath={.spec.parameters.size}`)).toBe('medium');
        expect(await kubectl(`get ${buckets}`)).toMatch(/^NAME +SYNCED +READY +CONNECTION-SECRET +AGE\none /);
        expect(await kubectl(`delete ${buckets} one`)).toContain('"one" deleted');
        await eventually(() => expect(watch.output).toMatch(/ADDED +one[^]*MODIFIED +one[^]*DELETED +one/));
      });

      it.each(shortForm.map((scenario) => ({ title: `${scenario.area}: ${scenario.name}`, scenario })))(
        'answers as the same CRD does, to $title [serve.versions.fidelity]',
        async ({ scenario }) => {
          expect(differencesText(await runScenario(scenario, ground))).toBe('');
        },
      );
    });
  });
}
