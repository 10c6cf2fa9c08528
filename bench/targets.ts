import type { KubeList, KubeObject } from '../src/apimachinery/objects.ts';
import type { Column, Ground } from './columns.ts';
import { type Job, runLoad, type Target } from './load.ts';
import { deleteClaims } from './platform.ts';

/** Everything that a phase needs. */
export interface Bench {
  ground: Ground;
  columns: Column[];
  /** The load client. */
  program: string;
  clusterID: string;
  /** Name of the column that the others are divided by. */
  baseline: string;
}

/** Bytes of random text in each claim; it makes up about half of the stored object. */
const textBytes = 1200;

/** Direct over both protocols, then the columns. Direct calls read the baseline's own objects. */
export function targetsOf({ ground, columns, baseline }: Bench, plain = false): Target[] {
  const { app, controlPlane } = ground;
  const baselineGroup = columns.find(({ name }) => name === baseline)?.group ?? '';
  const direct: Target = {
    name: 'direct-h1',
    protocol: 'h1',
    server: controlPlane.server,
    caFile: controlPlane.caFile,
    token: ground.token,
    group: baselineGroup,
    form: 'control-plane',
    plain,
  };
  const throughApp = (column: Column): Target => ({
    name: column.name,
    // What kubectl and client-go speak with the app cluster.
    protocol: 'h2',
    server: app.server,
    caFile: app.caFile,
    certFile: app.certFile,
    keyFile: app.keyFile,
    group: column.group,
    form: column.form,
    plain,
  });
  return [direct, { ...direct, name: 'direct-h2', protocol: 'h2' }, ...columns.map(throughApp)];
}

/** A job with the fields that all of them share. */
export function jobOf(
  { ground, clusterID }: Bench,
  rest: Pick<Job, 'mode' | 'targets' | 'namespace'> & Partial<Job>,
): Job {
  return { clusterID, claimNamespace: ground.claimNamespace, textBytes, ...rest };
}

/**
 * Creates the same claims for every column: through the connector, and in the form it stores them straight at the
 * control plane for the columns that map nothing.
 */
export async function seed(bench: Bench, namespace: string, count: number): Promise<void> {
  const [direct, , ...throughApp] = targetsOf(bench);
  const targets: Target[] = [];
  for (const target of throughApp) {
    if (target.form === 'app' || direct === undefined) targets.push(target);
    else targets.push({ ...direct, group: target.group });
  }
  await runLoad(bench.program, jobOf(bench, { mode: 'seed', targets, namespace, count, inFlight: 8 }));
  await assertSameLength(bench, namespace);
}

/**
 * Throws when the stored claims of the columns differ in length by more than 3 in 100: then the control plane and the
 * network would not do the same work for each, and the ratios would mean nothing.
 */
async function assertSameLength({ ground, columns }: Bench, namespace: string): Promise<void> {
  const lengths = new Map<string, number>();
  for (const { name, group } of columns) {
    const path = `/apis/${group}/v1alpha1/namespaces/${ground.claimNamespace}/buckets`;
    const query = { labelSelector: `mcp-connector.upbound.io/app-namespace=${namespace}`, limit: '1' };
    const { items } = await ground.controlPlane.client.get<KubeList<KubeObject>>(path, { query });
    lengths.set(name, JSON.stringify(items[0]).length);
  }
  const all = [...lengths.values()];
  if (Math.max(...all) <= Math.min(...all) * 1.03) return;
  const list = [...lengths].map(([name, length]) => `${name} ${length}`).join(', ');
  throw new Error(`the stored claims of ${namespace} differ in length: ${list} bytes`);
}

/** Deletes the claims of one app namespace. */
export async function cleanUp({ ground, columns }: Bench, namespace: string): Promise<void> {
  const groups = columns.map(({ group }) => group);
  await deleteClaims(ground.controlPlane.client, groups, ground.claimNamespace, namespace);
}
