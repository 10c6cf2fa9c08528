import type { KubeObject } from '../../apimachinery/objects.ts';
import { ToolError } from './tool-error.ts';
import type { ToolCall } from './tool.ts';

interface Deployment extends KubeObject {
  spec: { template: { spec: { containers: { args?: string[] }[] } } };
}

const resource = {
  group: 'apps',
  version: 'v1',
  plural: 'deployments',
  kind: 'Deployment',
  namespaced: true,
};

/**
 * Crossplane's own: wherever it is, or where it usually is, with the right for that namespace only. None where neither may be
 * read: what it says is a help, and what the APIs say has to do without it.
 */
export async function coreDeployments({ api }: ToolCall): Promise<Deployment[]> {
  const own = { labelSelector: 'app=crossplane', limit: 5 };
  for (const namespace of [undefined, 'crossplane-system'])
    try {
      return (await api.list<Deployment>(resource, { ...own, namespace })).items;
    } catch (error) {
      if (!(error instanceof ToolError) || error.code !== 'forbidden') throw error;
    }
  return [];
}
