import { beforeAll, describe, expect, it } from '@jest/globals';
import { find, helm, renderChart, rulesOf } from './rendered-chart.ts';

beforeAll(helm, 600_000);

const kind = 'ValidatingWebhookConfiguration';
const blocking = ['namespaceDeletion[0].resources=*.example.org', 'namespaceDeletion[0].policy=block'];

describe('the webhook on namespaces', () => {
  it('is made only where a policy blocks, and so is the right to fill in its CA', async () => {
    for (const set of [[], ['namespaceDeletion[0].resources=*', 'namespaceDeletion[0].policy=orphan']]) {
      const manifests = await renderChart({ set });
      expect(manifests.filter((manifest) => manifest.kind === kind)).toEqual([]);
      expect(JSON.stringify(rulesOf(find(manifests, 'ClusterRole', 'mcp-connector')))).not.toContain(
        'webhook',
      );
    }
    const rules = rulesOf(find(await renderChart({ set: blocking }), 'ClusterRole', 'mcp-connector'));
    expect(rules).toContainEqual({
      apiGroups: ['admissionregistration.k8s.io'],
      resources: ['validatingwebhookconfigurations'],
      resourceNames: ['mcp-connector-namespaces'],
      verbs: ['get', 'update'],
    });
  });

  it('never keeps a namespace when the connector cannot be asked', async () => {
    const manifests = await renderChart({ set: blocking, namespace: 'connectors' });
    const { webhooks } = find(manifests, kind, 'mcp-connector-namespaces') as unknown as {
      webhooks: object[];
    };
    expect(webhooks).toMatchObject([
      {
        failurePolicy: 'Ignore',
        sideEffects: 'None',
        clientConfig: {
          service: { namespace: 'connectors', name: 'mcp-connector', path: '/admission/namespaces' },
        },
        rules: [{ operations: ['DELETE'], resources: ['namespaces'] }],
      },
    ]);
  });
});
