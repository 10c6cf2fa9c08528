import { mkdtemp } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { namespacePath } from '../src/clusters/api-paths.ts';
import type { KubeObject } from '../src/apimachinery/objects.ts';
import { startLab } from '../src/demo/lab.ts';
import { ProcessGuard } from '../src/demo/process-guard.ts';
import { openCluster } from './cluster.ts';
import type { Ground } from './columns.ts';
import { controlPlaneToken, ensureNamespace, offerClaims } from './platform.ts';

export interface GroundOptions {
  /** API groups that the control plane offers the claims in, one for each column. */
  groups: readonly string[];
  /** Keep the folder with the logs. */
  keep: boolean;
  say: (line: string) => void;
}

/**
 * Starts the lab, lets Crossplane make the claim APIs and stops it then: thousands of claims are measured, and no
 * reconciler is to work on them meanwhile. Everything is gone when `use` has ended, in whatever way.
 */
export async function withGround(
  { groups, keep, say }: GroundOptions,
  use: (ground: Ground & { clusterID: string; kubernetes: string }) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'mcp-connector-bench-'));
  const claimNamespace = 'bench-claims';
  if (keep) say(`logs: ${folder}`);
  await using guard = new ProcessGuard(keep ? [] : [folder]);
  await using lab = await startLab({ log: say });
  const app = await openCluster(lab.app, folder);
  const controlPlane = await openCluster(lab.controlPlane, folder);
  for (const group of groups) await offerClaims(controlPlane.client, group);
  await lab.controlPlane.component('crossplane').stop();
  await ensureNamespace(controlPlane.client, claimNamespace);
  const kubeconfig = path.join(folder, 'control-plane.kubeconfig');
  const token = await controlPlaneToken(controlPlane, claimNamespace, kubeconfig);
  const kubeSystem = await app.client.get<KubeObject>(namespacePath('kube-system'));
  const { gitVersion } = await controlPlane.client.get<{ gitVersion: string }>('/version');
  await use({
    app,
    controlPlane,
    claimNamespace,
    token,
    kubeconfig,
    folder,
    guard,
    clusterID: kubeSystem.metadata.uid ?? '',
    kubernetes: gitVersion,
  });
}
