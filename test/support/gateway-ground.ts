import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { CallRecord } from '../../src/agent/audit/call-record.ts';
import { startHttpGateway } from '../../src/agent/gateway.ts';
import type { ServerDefinitionInput } from '../../src/agent/servers/definition.ts';
import { silentLogger } from '../../src/base/logger.ts';

type Rest = Partial<ServerDefinitionInput> & { name: string };

/** A gateway in this process with servers that all lead to one control plane, and let everybody in from loopback. */
export class GatewayGround implements AsyncDisposable {
  readonly file: string;
  readonly url: string;
  /** Every call that ended, refused ones included. */
  readonly records: CallRecord[];
  readonly #dir: string;
  readonly #kubeconfig: string;
  readonly #stop: () => Promise<void>;

  private constructor(fields: {
    dir: string;
    file: string;
    kubeconfig: string;
    port: number;
    records: CallRecord[];
    stop: () => Promise<void>;
  }) {
    this.#dir = fields.dir;
    this.file = fields.file;
    this.url = `http://127.0.0.1:${fields.port}`;
    this.records = fields.records;
    this.#kubeconfig = fields.kubeconfig;
    this.#stop = fields.stop;
  }

  static async start(
    kubeconfig: string,
    servers: readonly Rest[],
    confirmationKey?: Buffer,
  ): Promise<GatewayGround> {
    const dir = await mkdtemp(path.join(os.tmpdir(), 'gateway-'));
    const file = path.join(dir, 'servers.yaml');
    await writeFile(file, textOf(kubeconfig, servers));
    const records: CallRecord[] = [];
    const { port, stop } = await startHttpGateway({
      definitionsFile: file,
      listen: { host: '127.0.0.1', port: 0 },
      allowedHosts: [],
      shutdownDelayMs: 0,
      confirmationKey,
      environmentProxy: false,
      observe: (record) => void records.push(record),
      log: silentLogger(),
    });
    return new GatewayGround({ dir, file, kubeconfig, port, records, stop });
  }

  urlOf(server: string): string {
    return `${this.url}/mcp/${server}`;
  }

  /** Writes the definitions anew. */
  async edit(servers: readonly Rest[]): Promise<void> {
    await writeFile(this.file, textOf(this.#kubeconfig, servers));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stop();
    await rm(this.#dir, { recursive: true, force: true });
  }
}

/** JSON is YAML. */
function textOf(kubeconfig: string, servers: readonly Rest[]): string {
  return JSON.stringify({
    servers: servers.map((server) => ({
      controlPlane: { kubeconfig: { file: kubeconfig } },
      authentication: { anonymous: true },
      rateLimits: { read: { perMinute: 0 }, create: { perMinute: 0 }, destructive: { perMinute: 0 } },
      ...server,
    })),
  });
}
