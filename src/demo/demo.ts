import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { KubeObject } from '../apimachinery/objects.ts';
import { ConnectorError } from '../base/errors.ts';
import { namespacePath } from '../clusters/api-paths.ts';
import { appClusterLabel, appNameLabel, appNamespaceLabel, controlPlaneName } from '../mapping/identity.ts';
import { applyPlatform } from './platform.ts';
import { ConnectorProcess } from './connector-process.ts';
import { type Lab, startLab } from './lab.ts';
import { parseManifests } from './manifests.ts';
import { Transcript } from './transcript.ts';

export interface DemoOptions {
  /** End after the last step instead of waiting for Ctrl-C. */
  once: boolean;
  write: (text: string) => void;
  colour: boolean;
}

const claimNamespace = 'app-cluster-1';
/** Names that platform.yaml and claim.yaml give. */
const xrd = 'xrd/xdatabases.platform.example.org';
const resource = 'databases.platform.example.org';
const claim = { name: 'orders', namespace: 'default', secret: 'orders-connection' };
const secretKeys = ['endpoint', 'password', 'username'];

/** YAML stays in `src` also where this runs from `dist`. */
const manifests = path.resolve(import.meta.dirname, '../../src/demo');

/**
 * The product in one go: two clusters, Crossplane, the connector between them, and a claim that is written in one and
 * lives in the other. Throws ConnectorError at the first step whose result is not seen.
 */
export async function runDemo(options: DemoOptions): Promise<void> {
  const show = new Transcript(options.write, options.colour);
  show.step('Start an app cluster and a control plane with Crossplane on this machine');
  await using lab = await startLab({ log: (line) => show.line(line) });
  const { app, controlPlane } = lab;

  show.step('Platform team: offer the claim API Database on the control plane');
  const platform = path.join(manifests, 'platform.yaml');
  await applyPlatform(controlPlane.client, parseManifests(await readFile(platform, 'utf8')));
  await show.kubectl(
    controlPlane,
    ['apply', '-f', platform],
    [/xdatabases\.platform\.example\.org configured/],
  );
  await show.kubectl(
    controlPlane,
    ['wait', '--for=condition=Offered', xrd, '--timeout=60s'],
    [/condition met/],
  );
  await show.kubectl(controlPlane, ['create', 'namespace', claimNamespace], [/created/]);

  show.step('Start the connector between the two clusters');
  const connector = await startConnector(lab);
  show.line(`it serves on ${connector.url}, and keeps this cluster's claims in namespace ${claimNamespace}`);

  show.step('Application team: see the API in the app cluster, where no Crossplane runs');
  const listed = /^databases\s+db\s+platform\.example\.org\/v1\s+true\s+Database$/m;
  await show.eventually(connector, app, ['api-resources', '--categories=claim'], [listed]);
  await show.eventually(
    connector,
    app,
    ['explain', 'databases.spec.parameters', '--recursive'],
    [/KIND:\s+Database/, /engine\s+<string> -required-/, /gigabytes\s+<integer>/],
  );

  show.step('Application team: claim a database');
  const claimFile = path.join(manifests, 'claim.yaml');
  for (const line of (await readFile(claimFile, 'utf8')).trimEnd().split('\n')) show.line(`  ${line}`);
  await show.kubectl(app, ['apply', '-f', claimFile], [/orders created/]);
  await show.kubectl(
    app,
    ['wait', '--for=condition=Ready', `database/${claim.name}`, '--timeout=60s'],
    [/orders condition met/],
  );
  await show.kubectl(
    app,
    ['get', 'databases'],
    [/^NAME\s.*READY.*CONNECTION-SECRET/m, /^orders\s.*True\s+True/m],
  );

  show.step('The connection Secret is in the namespace of the claim; these are its keys');
  const template = '{{range $key, $value := .data}}{{$key}}{{"\\n"}}{{end}}';
  await show.eventually(
    connector,
    app,
    ['get', 'secret', claim.secret, '-o', `go-template=${template}`],
    secretKeys.map((key) => new RegExp(`^${key}$`, 'm')),
  );

  show.step('On the control plane the claim has a hashed name, and labels that say whose it is');
  const clusterID = (await app.client.get<KubeObject>(namespacePath('kube-system'))).metadata.uid ?? '';
  const hashed = controlPlaneName('claim', claim, clusterID);
  await show.kubectl(
    controlPlane,
    ['get', resource, '-n', claimNamespace, '-L', `${appNamespaceLabel},${appNameLabel}`],
    [new RegExp(`^${hashed}\\s.*\\s${claim.namespace}\\s+${claim.name}$`, 'm')],
  );
  await show.kubectl(
    controlPlane,
    ['get', resource, hashed, '-n', claimNamespace, '-o', 'jsonpath={.metadata.labels}'],
    [new RegExp(`"${appClusterLabel}":"${clusterID}"`)],
  );

  show.step('Go on');
  if (options.once) {
    show.line('All of it was seen. Without --once the clusters stay, to go on with kubectl.');
    return;
  }
  show.line('In another terminal, as the application team:');
  show.line(`  export KUBECONFIG=${app.kubeconfig}`);
  show.line('  kubectl get databases -w');
  show.line('  kubectl delete database orders');
  show.line('and as the platform team:');
  show.line(`  export KUBECONFIG=${controlPlane.kubeconfig}`);
  show.line('  kubectl get claim,composite,managed -A');
  show.line(`Logs are in ${lab.logDir}. Ctrl-C ends it all.`);
  await untilInterrupted(connector);
}

async function startConnector(lab: Lab): Promise<ConnectorProcess> {
  const connector = await ConnectorProcess.start({
    name: 'mcp-connector',
    app: lab.app.kubeconfig,
    controlPlane: lab.controlPlane.kubeconfig,
    claimNamespace,
    logFile: path.join(lab.logDir, 'mcp-connector.log'),
    guard: lab.guard,
  });
  await connector.ready();
  return connector;
}

async function untilInterrupted(connector: ConnectorProcess): Promise<void> {
  const interrupted = Promise.withResolvers<void>();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.resolve());
  const died = connector.ended().then(() => {
    throw new ConnectorError('demo-failed', `the connector has ended; see ${connector.logFile}`);
  });
  await Promise.race([interrupted.promise, died]);
}
