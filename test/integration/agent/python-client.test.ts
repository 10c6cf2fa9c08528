import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { namespacePath } from '../../../src/clusters/api-paths.ts';
import { pythonWithClient } from '../../clients/programs.ts';
import { sharedLab } from '../../support/lab.ts';
import { GatewayGround } from '../../support/gateway-ground.ts';
import { PackageRegistry } from '../../support/package-registry.ts';
import { deleteIfThere } from '../../support/platform-api.ts';
import { providerFiles } from '../../support/test-packages.ts';
import { GroundCluster } from '../../support/test-ground.ts';

jest.setTimeout(600_000);

const scenario = path.resolve(import.meta.dirname, '../../clients/python-agent/scenario.py');
const claimNamespace = 'agent-python';
const groups = { asks: 'asks.python.agent.example.org', silent: 'silent.python.agent.example.org' };

interface Told {
  tools: number;
  questions: string[];
  codes: number;
  /** How often the XRD was made anew, since Crossplane had started a controller that watches nothing. */
  again: number;
  steps: { tool: string; error: boolean; text: string }[];
}

let python: string;
let cluster: GroundCluster;
let registry: PackageRegistry;
let ground: GatewayGround;

beforeAll(async () => {
  cluster = new GroundCluster(sharedLab().controlPlane.kubeconfig);
  [python, registry] = await Promise.all([
    pythonWithClient('python-agent'),
    PackageRegistry.start(),
    cluster.createNamespace(claimNamespace),
  ]);
  ground = await GatewayGround.start(cluster.kubeconfig, [
    { name: 'platform', timeoutSeconds: 60, connection: { clusterID: 'python-agent', claimNamespace } },
  ]);
});

afterAll(async () => {
  await ground?.[Symbol.asyncDispose]();
  const extensions = '/apis/apiextensions.crossplane.io/v1';
  for (const group of Object.values(groups)) {
    await deleteIfThere(cluster.client, `${extensions}/compositeresourcedefinitions/xboxes.${group}`);
    await deleteIfThere(cluster.client, `${extensions}/compositions/boxes.${group}`);
    const provider = `provider-${group.replaceAll('.', '-')}`;
    await deleteIfThere(cluster.client, `/apis/pkg.crossplane.io/v1/providers/${provider}`);
  }
  await deleteIfThere(cluster.client, namespacePath(claimNamespace));
  await registry?.[Symbol.asyncDispose]();
  await cluster?.close();
});

describe("the protocol's own client for Python", () => {
  it.each(['asks', 'silent'] as const)(
    'leads from a provider and an XRD to a Ready claim and away again, as one that %s [agent.clients.python]',
    async (mode) => {
      const group = groups[mode];
      const provider = await registry.push(`test/provider-${mode}`, 'v1.0.0', providerFiles(group));
      const { stdout } = await promisify(execFile)(python, [
        scenario,
        ground.urlOf('platform'),
        group,
        provider,
        mode,
      ]);
      const told = JSON.parse(stdout) as Told;
      expect(told.tools).toBeGreaterThan(29);
      // The claim, the composition, the XRD and the provider.
      const confirmations = 4 + told.again;
      expect([told.questions.length, told.codes]).toEqual(
        mode === 'asks' ? [confirmations, 0] : [0, confirmations],
      );
      const confirmed = ground.records.filter(
        ({ effect, outcome }) => effect === 'destructive' && outcome === 'done',
      );
      expect(confirmed.map((record) => record.confirmed)).toEqual(
        expect.arrayContaining([mode === 'asks' ? 'elicitation' : 'argument']),
      );
      const left = await cluster.client.get<{ items: { metadata: { name: string } }[] }>(
        '/apis/pkg.crossplane.io/v1/providers',
      );
      expect(left.items.filter(({ metadata }) => metadata.name.includes(`${mode}-python`))).toEqual([]);
    },
  );
});
