import { expect } from '@jest/globals';
import { ClaimLoad, type LoadReport } from './claim-load.ts';
import type { Claims } from './claims.ts';
import { eventually } from './eventually.ts';
import type { ClaimApi } from './platform-api.ts';
import type { TestGround } from './test-ground.ts';

/** Clients at work before, during and after `change`: what they were told, printed too. */
export async function reportOfLoad(
  ground: TestGround,
  claims: Claims,
  api: ClaimApi,
  change: (load: ClaimLoad) => Promise<void>,
): Promise<LoadReport> {
  // A rotation takes seconds: clients without a pause would find no more, and take the machine from what runs beside.
  const load = new ClaimLoad(ground.app, claims, 60);
  await load.start();
  await more(load);
  let report: LoadReport;
  try {
    await change(load);
    await more(load);
  } finally {
    const collection = `/apis/${api.group}/v1/namespaces/${ground.claimNamespace}/${api.plural}`;
    report = await load.finish(ground.controlPlane.client, collection);
    process.stdout.write(`${expect.getState().currentTestName ?? ''}: ${JSON.stringify(report)}\n`);
  }
  return report;
}

export async function more(load: ClaimLoad, requests = 20): Promise<void> {
  const from = load.requests;
  await eventually(() => expect(load.requests - from).toBeGreaterThan(requests));
}

/** Longer than the connector takes to look at its kubeconfig and its files again. */
export async function secondsOfLinks(load: ClaimLoad): Promise<void> {
  const until = Date.now() + 7_000;
  await eventually(() => expect(Date.now()).toBeGreaterThan(until));
  await more(load);
}
