import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { dump } from 'js-yaml';
import type { CallRecord } from '../../src/agent/audit/call-record.ts';
import { type RunningGateway, startHttpGateway } from '../../src/agent/gateway.ts';
import type { Secret } from '../../src/apimachinery/objects.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { secretPath } from '../../src/clusters/api-paths.ts';
import { freePorts } from '../../src/demo/free-ports.ts';
import { type Lab, startLab } from '../../src/demo/lab.ts';
import { applyManifests } from '../../src/demo/manifests.ts';
import { renderChart } from '../chart/rendered-chart.ts';
import { AgentClient } from './agent-clients.ts';
import { AuditTrail } from './audit-trail.ts';
import { eventually } from './eventually.ts';
import { GroundCluster } from './test-ground.ts';

const namespace = 'agent-callers';
/** Of the chart's values for tests. */
const accounts = ['reader', 'writer', 'acting'] as const;
export type Account = (typeof accounts)[number];

/** Of the caller "ci" of every server that knows its callers by static tokens. */
export const staticToken = 'a-static-token-of-at-least-32-characters';

export interface AgentGroundOptions {
  /** Values of the chart beside those of ci/agent-values.yaml. */
  set: readonly string[];
}

/**
 * A control plane of the test's own, since its kube-apiserver has to write an audit log, with Crossplane and the accounts that
 * the chart makes; and a gateway in this process that uses them.
 */
export class AgentGround implements AsyncDisposable {
  readonly dir: string;
  readonly lab: Lab;
  readonly cluster: GroundCluster;
  readonly trail: AuditTrail;
  readonly #port: number;
  #gateway: RunningGateway | undefined;

  private constructor(dir: string, lab: Lab, trail: AuditTrail, port: number) {
    this.dir = dir;
    this.lab = lab;
    this.trail = trail;
    this.cluster = new GroundCluster(lab.controlPlane.kubeconfig);
    this.#port = port;
  }

  static async start({ set }: AgentGroundOptions): Promise<AgentGround> {
    const dir = await mkdtemp(path.join(os.tmpdir(), 'agent-ground-'));
    const trail = await AuditTrail.prepare(dir);
    const [lab, [port = 0]] = await Promise.all([
      startLab({
        log: () => undefined,
        clusters: ['control-plane'],
        apiServerFlags: { 'control-plane': trail.flags },
      }),
      freePorts(1),
    ]);
    const ground = new AgentGround(dir, lab, trail, port);
    await writeFile(path.join(dir, 'ci'), staticToken);
    await ground.#makeAccounts(set);
    return ground;
  }

  /** Of the gateway. */
  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  urlOf(server: string): string {
    return `${this.url}/mcp/${server}`;
  }

  async serve(servers: readonly object[]): Promise<void> {
    const file = path.join(this.dir, 'servers.yaml');
    await writeFile(file, dump({ servers }));
    this.#gateway = await startHttpGateway({
      definitionsFile: file,
      listen: { host: '127.0.0.1', port: this.#port },
      allowedHosts: [],
      shutdownDelayMs: 0,
      confirmationKey: undefined,
      environmentProxy: false,
      log: silentLogger(),
    });
  }

  /** The way of one account, as a definition has it. */
  controlPlane(account: Account): object {
    const { server: url } = this.lab.controlPlane;
    const folder = path.join(this.dir, 'accounts', account);
    return {
      server: { url, tokenFile: path.join(folder, 'token'), caFile: path.join(folder, 'ca.crt') },
    };
  }

  /** As the API server calls it. */
  userOf(account: Account | ''): string {
    return `system:serviceaccount:${namespace}:mcp-connector-agent-${account}`;
  }

  /** The caller "ci" of a server. */
  client(server: string, revision?: '2026-07-28' | 'legacy'): Promise<AgentClient> {
    return AgentClient.connect(this.urlOf(server), staticToken, revision);
  }

  /** The gateway's own line of a caller's last call; every server writes to calls.log. */
  async lastLine(server: string, caller: string): Promise<CallRecord> {
    return await eventually(async () => {
      const text = await readFile(path.join(this.dir, 'calls.log'), 'utf8');
      const records = text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as CallRecord);
      const last = records.findLast((record) => record.server === server && record.caller === caller);
      if (!last) throw new Error(`${caller} has no line yet`);
      return last;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#gateway?.stop();
    await this.cluster.close();
    await this.lab.stop();
    await rm(this.dir, { recursive: true, force: true });
  }

  /** As the chart renders them; Kubernetes writes the tokens. */
  async #makeAccounts(set: readonly string[]): Promise<void> {
    const rendered = await renderChart({ mode: 'agent', namespace, set: [...set] });
    const kinds = new Set([
      'ServiceAccount',
      'Secret',
      'ClusterRole',
      'ClusterRoleBinding',
      'Role',
      'RoleBinding',
    ]);
    const manifests = rendered.filter(
      ({ kind, metadata }) => kinds.has(kind) && metadata.name.startsWith('mcp-connector-agent'),
    );
    await this.cluster.createNamespace(namespace);
    await applyManifests(this.cluster.client, manifests);
    for (const account of accounts) {
      const data = await eventually(async () => {
        const name = `mcp-connector-agent-${account}-token`;
        const secret = await this.cluster.client.get<Secret>(secretPath(namespace, name));
        if (!secret.data?.['token']) throw new Error(`${account} has no token yet`);
        return secret.data;
      });
      const folder = path.join(this.dir, 'accounts', account);
      await mkdir(folder, { recursive: true });
      for (const key of ['token', 'ca.crt'])
        await writeFile(path.join(folder, key), Buffer.from(data[key] ?? '', 'base64'));
    }
  }
}
