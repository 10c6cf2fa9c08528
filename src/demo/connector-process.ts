import { get } from 'node:https';
import path from 'node:path';
import { Component } from './component.ts';
import { freePort } from './free-ports.ts';
import type { ProcessGuard } from './process-guard.ts';

export interface ConnectorProcessOptions {
  /** For errors. */
  name: string;
  /** Kubeconfig files of the two clusters; undefined where the environment leads to the app cluster, as in a pod. */
  app: string | undefined;
  controlPlane: string;
  claimNamespace: string;
  /** Further flags of `serve`. */
  flags?: readonly string[];
  env?: Record<string, string>;
  /** A program with its arguments, which runs the command behind them, such as `env -i`. */
  launcher?: readonly string[];
  /** Port on 127.0.0.1; a free one when left out. */
  port?: number;
  logFile: string;
  guard: ProcessGuard;
}

const main = path.resolve(import.meta.dirname, `../main${path.extname(import.meta.filename)}`);

/** `mcp-connector serve` as a process of this machine, between two clusters of the lab. */
export class ConnectorProcess extends Component {
  readonly port: number;
  /** `https://127.0.0.1:<port>` */
  readonly url: string;

  private constructor(options: ConnectorProcessOptions, port: number) {
    const [command, ...args] = options.launcher
      ? [...options.launcher, process.execPath]
      : [process.execPath];
    super({
      name: options.name,
      command,
      args: [
        ...args,
        main,
        'serve',
        ...(options.app === undefined ? [] : [`--kubeconfig=${options.app}`]),
        `--control-plane-kubeconfig=${options.controlPlane}`,
        `--claim-namespace=${options.claimNamespace}`,
        // An APIService names a Service, and without nodes only one of type ExternalName leads to this process.
        '--external-host=localhost',
        `--listen=127.0.0.1:${port}`,
        ...(options.flags ?? []),
      ],
      env: { ...options.env },
      logFile: options.logFile,
      guard: options.guard,
    });
    this.port = port;
    this.url = `https://127.0.0.1:${port}`;
  }

  /** Starts it; does not wait for /readyz. */
  static async start(options: ConnectorProcessOptions): Promise<ConnectorProcess> {
    const connector = new ConnectorProcess(options, options.port ?? (await freePort()));
    await connector.start();
    return connector;
  }

  /** Resolves when /readyz answers 200. Throws ConnectorError with the end of the log when it ends before that. */
  async ready(timeoutMs?: number): Promise<void> {
    await this.waitUntil(
      '/readyz answered 200',
      async () => (await this.probe('/readyz')).status === 200,
      timeoutMs,
    );
  }

  /** One GET without credentials. The certificate is not verified: this asks for health only. */
  probe(pathname: string): Promise<{ status: number; body: string }> {
    return new Promise((resolve, reject) => {
      const request = get(
        `${this.url}${pathname}`,
        { rejectUnauthorized: false, agent: false, timeout: 5_000 },
        (response) => {
          let body = '';
          response.setEncoding('utf8');
          response.on('data', (chunk: string) => (body += chunk));
          response.once('end', () => resolve({ status: response.statusCode ?? 0, body }));
          response.once('error', reject);
        },
      );
      request.once('timeout', () => request.destroy(new Error('no answer in 5 s')));
      request.once('error', reject);
    });
  }
}
