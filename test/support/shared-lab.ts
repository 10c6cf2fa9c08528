import { readFileSync } from 'node:fs';
import type { LabFacts } from '../../src/demo/lab.ts';

/** The variable that leads every worker, and a run that reuses a lab, to its facts. */
export const labVariable = 'MCP_CONNECTOR_LAB';

/** What stands in the facts' place when the lab could not be started: unit tests run all the same. */
export interface LabFailure {
  failure: string;
}

export type TestCluster = LabFacts['clusters'][string];

export interface SharedLab {
  app: TestCluster;
  controlPlane: TestCluster;
  logDir: string;
}

/**
 * The lab that all integration tests share: two clusters, Crossplane in the control plane. Leave it as it was found: names of
 * your own, no faults. Throws when it could not be started.
 */
export function sharedLab(): SharedLab {
  const file = process.env[labVariable];
  if (!file)
    throw new Error(`${labVariable} is not set: run integration tests by jest, which starts the lab`);
  const facts = JSON.parse(readFileSync(file, 'utf8')) as LabFacts | LabFailure;
  if ('failure' in facts) throw new Error(`the lab could not be started: ${facts.failure}`);
  const { app, 'control-plane': controlPlane } = facts.clusters;
  if (!app || !controlPlane) throw new Error(`${file} describes no app cluster and control plane`);
  return { app, controlPlane, logDir: facts.logDir };
}
