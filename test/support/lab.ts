import path from 'node:path';
import { expect } from '@jest/globals';
import { ConnectorProcess } from '../../src/demo/connector-process.ts';
import { type CommandResult, kubectl as runKubectl, type KubectlOptions } from '../../src/demo/kubectl.ts';
import { ProcessGuard } from '../../src/demo/process-guard.ts';
import { sharedLab } from './shared-lab.ts';

export { eventually } from './eventually.ts';
export { sharedLab } from './shared-lab.ts';

/** kubectl as an administrator of the cluster; an exit code other than 0 is a result, not an error. */
export function kubectl(
  cluster: { kubeconfig: string },
  args: readonly string[],
  options: KubectlOptions = {},
): Promise<CommandResult> {
  return runKubectl(cluster.kubeconfig, args, options);
}

export interface TestConnectorOptions {
  claimNamespace: string;
  /** The shared lab's when left out; none in the place of the kubeconfig: the environment leads to it. */
  app?: { kubeconfig: string | undefined };
  controlPlane?: { kubeconfig: string };
  /** Flags of `serve` beside the clusters, claim namespace, external host and address, such as `--allow=*.x.example.org`. */
  flags?: readonly string[];
  env?: Record<string, string>;
  launcher?: readonly string[];
  /** A port instead of a free one, for a connector that takes the place of another. */
  port?: number;
  /** False: do not wait for /readyz. */
  ready?: boolean;
  /** Of the log file; named after the test file and the test when left out. */
  name?: string;
  logDir?: string;
}

export interface TestConnector extends AsyncDisposable {
  process: ConnectorProcess;
  port: number;
  url: string;
  /** What it has written to stderr so far. */
  stderr(): Promise<string>;
  /** SIGTERM, then SIGKILL after 10 s; resolves to the exit code. */
  stop(): Promise<number | null>;
}

/**
 * Runs `mcp-connector serve` as a child process and waits until it is ready. Use with `await using`, or call `stop()`;
 * `process` has kill, pause, resume and restart.
 */
export async function startConnector(options: TestConnectorOptions): Promise<TestConnector> {
  const lab = options.app && options.controlPlane && options.logDir ? undefined : sharedLab();
  const name = options.name ?? testName();
  const logDir = options.logDir ?? lab?.logDir ?? '';
  const guard = new ProcessGuard([]);
  const connector = await ConnectorProcess.start({
    name,
    app: (options.app ?? lab?.app)?.kubeconfig,
    controlPlane: (options.controlPlane ?? lab?.controlPlane)?.kubeconfig ?? '',
    claimNamespace: options.claimNamespace,
    logFile: path.join(logDir, `connector.${name}.log`),
    guard,
    ...(options.flags ? { flags: options.flags } : {}),
    ...(options.env ? { env: options.env } : {}),
    ...(options.launcher ? { launcher: options.launcher } : {}),
    ...(options.port ? { port: options.port } : {}),
  });
  const stop = async (): Promise<number | null> => {
    const code = await connector.stop();
    await guard[Symbol.asyncDispose]();
    return code;
  };
  try {
    if (options.ready !== false) await connector.ready();
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    process: connector,
    port: connector.port,
    url: connector.url,
    stderr: () => connector.log(),
    stop,
    [Symbol.asyncDispose]: async () => void (await stop()),
  };
}

/** `<test file>.<title>`, as a file name; the title is missing outside of a test (beforeAll). */
function testName(): string {
  const { testPath, currentTestName } = expect.getState();
  const words = [
    path.basename(testPath ?? 'test', '.test.ts'),
    ...(currentTestName ? [currentTestName] : []),
  ];
  return words.map((word) => word.replace(/[^\w-]+/g, '-').slice(0, 80)).join('.');
}
