import { isDeepStrictEqual } from 'node:util';
import { ConnectorError, describeError } from '../base/errors.ts';
import type { KubeClient } from '../clusters/kube-client.ts';
import type { Transport } from '../clusters/transport.ts';
import { discoveredDescription } from './chart-release.ts';
import type { Check } from './check.ts';
import { rbacGroups } from './claim-apis.ts';
import {
  applyManifest,
  controlPlaneManifests,
  nameOfManifest,
  serviceAccountName,
} from './control-plane-objects.ts';
import { kubeconfigText, readAccountToken, writeSecret } from './kubeconfig-secret.ts';
import { hasChanges, manifestChanges } from './manifest-changes.ts';
import { examine, type Preflight } from './preflight.ts';
import { type ApiState, readApis, waitForApis } from './registered-wait.ts';
import { retire, runningDeployments } from './take-over.ts';
import { clusterNameAnnotation } from '../mapping/identity.ts';

export interface InstallOptions {
  /** `[group/]name` */
  controlPlane: string;
  claimNamespace: string;
  releaseName: string;
  namespace: string;
  kubeconfig: string | undefined;
  context: string | undefined;
  files: readonly string[];
  sets: readonly string[];
  resetValues: boolean;
  clusterName: string;
  controlPlaneSecret: string | undefined;
  /** An administrator's; rights are made there. */
  controlPlaneKubeconfig: string | undefined;
  /** Address of the control plane for pods, where it is another. */
  controlPlaneServer: string | undefined;
  /** Of the organization, for a control plane in a Space. */
  token: string | undefined;
  /** Name of the Secret that is made of it. */
  tokenSecret: string;
  account: string | undefined;
  spaceHost: string | undefined;
  /** PEM. */
  spaceCa: string | undefined;
  /** Name of the Secret that is made with --control-plane-kubeconfig. */
  kubeconfigSecret: string;
  takeOver: boolean;
  dryRun: boolean;
  isWaiting: boolean;
  /** As helm has it: `5m0s`, and in milliseconds. */
  timeout: string;
  timeoutMs: number;
  chart: string | undefined;
  version: string | undefined;
  helm: string;
  openFile: (file: string) => Transport;
  hasProxy: boolean;
}

/** Where an installation tells what it finds and does. */
export interface InstallReport {
  check: (check: Check) => void;
  /** Something is as it is said from now on: `namespace/x created`. */
  done: (line: string) => void;
  /** What is waited for; told again and again. */
  waiting: (what: string, done?: number, total?: number) => void;
}

export interface InstallResult {
  /** False: everything was as it was asked for. */
  hasChanged: boolean;
  fullname: string;
  apis: ApiState[];
}

/** Looks, then does, then waits. Throws ConnectorError; where something had been done by then, its message says what. */
export async function install(
  options: InstallOptions,
  app: KubeClient,
  report: InstallReport,
): Promise<InstallResult> {
  await using closing = new AsyncDisposableStack();
  const preflight = await examine(options, app, report.check, closing);
  const done: string[] = [];
  const tell = (name: string, outcome: string): void => {
    report.done(`${name} ${outcome}${options.dryRun ? ' (dry run)' : ''}`);
    if (outcome !== 'unchanged') done.push(`${name} ${outcome}`);
  };
  try {
    await grant(options, preflight, app, tell);
    await keepToken(options, preflight, app, tell);
    await upgrade(options, preflight, report, tell);
    const apis = options.dryRun || !options.isWaiting ? [] : await available(options, preflight, app, report);
    await takeOver(options, preflight, app, report, tell);
    return { hasChanged: done.length > 0, fullname: preflight.release.releaseName, apis };
  } catch (error) {
    if (done.length === 0) throw error;
    throw new ConnectorError(
      error instanceof ConnectorError ? error.code : 'install-failed',
      `${describeError(error)}; done before that: ${done.join(', ')}; run the same command again to go on`,
      { cause: error },
    );
  }
}

type Tell = (name: string, outcome: string) => void;

/** Namespace, account, rights and token on the control plane, and the Secret with them in the app cluster. */
async function grant(
  options: InstallOptions,
  { administrator, grants, values, release }: Preflight,
  app: KubeClient,
  tell: Tell,
): Promise<void> {
  if (!administrator) return;
  const { claimNamespace } = values.spaces.controlPlane;
  for (const manifest of controlPlaneManifests(claimNamespace, grants)) {
    if (manifest.kind === 'ServiceAccount' && manifest.metadata.name === serviceAccountName)
      manifest.metadata.annotations = { [clusterNameAnnotation]: options.clusterName };
    const name = `${nameOfManifest(manifest)} on the control plane`;
    tell(name, await applyManifest(administrator, manifest, options.dryRun));
  }
  const name = `secret/${options.kubeconfigSecret} in ${release.namespace}`;
  if (options.dryRun) {
    tell(name, 'created or kept');
    return;
  }
  const token = await readAccountToken(administrator, claimNamespace);
  const kubeconfig = await kubeconfigText(administrator.transport.access, {
    token,
    claimNamespace,
    server: options.controlPlaneServer,
  });
  const outcome = await writeSecret(app, {
    namespace: release.namespace,
    name: options.kubeconfigSecret,
    release: release.releaseName,
    data: { kubeconfig },
  });
  tell(name, outcome);
}

/** In a Secret, and not in the values of the release, which Helm keeps in every revision. */
async function keepToken(
  { token, tokenSecret, spaceCa, dryRun }: InstallOptions,
  { release: { namespace, releaseName } }: Preflight,
  app: KubeClient,
  tell: Tell,
): Promise<void> {
  if (token === undefined) return;
  const data = { token, ...(spaceCa === undefined ? {} : { 'ca.crt': spaceCa }) };
  const name = `secret/${tokenSecret} in ${namespace}`;
  if (dryRun) tell(name, 'created or kept');
  else tell(name, await writeSecret(app, { namespace, name: tokenSecret, release: releaseName, data }));
}

/** Nothing is upgraded where nothing would change: a new revision says that something did. */
async function upgrade(
  options: InstallOptions,
  { chart, rendered, own, defaults, release, values, neighbours }: Preflight,
  report: InstallReport,
  tell: Tell,
): Promise<void> {
  const { deployed } = chart;
  const name = `release/${options.releaseName} in ${release.namespace}`;
  const changes = manifestChanges(deployed?.manifest ?? '', rendered.manifest);
  const isHealthy = deployed?.status === 'deployed';
  if (deployed && isHealthy && !hasChanges(changes)) {
    tell(name, 'unchanged');
    return;
  }
  const marks = { added: 'created', changed: 'configured', removed: 'removed' } as const;
  const lines = (Object.keys(marks) as (keyof typeof marks)[]).flatMap((kind) =>
    changes[kind].map((object) => [object, marks[kind]] as const),
  );
  if (!options.dryRun) {
    report.waiting(`helm upgrade --install ${options.releaseName}`);
    const groups = neighbours && rbacGroups(neighbours.connectable.flatMap(({ resources }) => resources));
    const isDiscovered = isDeepStrictEqual(
      values.rbac.groups,
      (defaults['rbac'] as typeof values.rbac)?.groups ?? groups,
    );
    await chart.upgrade(own, defaults, {
      isWaiting: options.isWaiting,
      timeout: options.timeout,
      description: isDiscovered && values.rbac.groups.length > 0 ? discoveredDescription : undefined,
    });
  }
  for (const [object, mark] of lines) tell(object, mark);
  tell(name, deployed ? `upgraded to revision ${deployed.revision + 1}` : 'installed');
}

async function available(
  { timeoutMs }: InstallOptions,
  { neighbours, release }: Preflight,
  app: KubeClient,
  report: InstallReport,
): Promise<ApiState[]> {
  const wanted = neighbours?.connectable ?? [];
  const apis = await waitForApis(
    () => readApis(app, release, wanted),
    timeoutMs,
    (states) => {
      const left = states.filter(({ isAvailable }) => !isAvailable);
      report.waiting(
        `waiting for ${left[0]?.name ?? 'the APIs'}`,
        states.length - left.length,
        states.length,
      );
    },
  );
  const missing = apis.filter(({ isAvailable }) => !isAvailable);
  if (missing.length > 0) {
    const reasons = missing.map(
      ({ name, reason, remedy }) => `${name} is not Available (${reason}): ${remedy}`,
    );
    throw new ConnectorError('apis-unavailable', reasons.join('; '));
  }
  return apis;
}

async function takeOver(
  { dryRun, isWaiting }: InstallOptions,
  preflight: Preflight,
  app: KubeClient,
  report: InstallReport,
  tell: Tell,
): Promise<void> {
  const other = preflight.takeOver;
  if (!other) return;
  // Only once its APIs are seen to be served by us.
  if (isWaiting) {
    const names = dryRun ? (await runningDeployments(app, other)).keys() : await retire(app, other);
    for (const name of names) tell(name, 'scaled to 0');
    return;
  }
  for (const name of (await runningDeployments(app, other)).keys())
    report.done(`${name} left running, because of --no-wait: scale it to 0 when the APIs are Available`);
}
