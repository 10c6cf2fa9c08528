import { ConnectorError, describeError } from '../base/errors.ts';
import { startLab } from './lab.ts';

/** `make lab`: all clusters and Crossplane until Ctrl-C, for tests and for trying things by hand. */
const print = (line: string): void => void process.stdout.write(`${line}\n`);
try {
  const dir = process.argv[2];
  await using lab = await startLab({
    log: print,
    clusters: ['app', 'control-plane', 'reference'],
    ...(dir ? { dir } : {}),
  });
  await lab.writeFacts();
  print('');
  for (const { name, kubeconfig } of Object.values(lab.facts().clusters))
    print(`${name}\texport KUBECONFIG=${kubeconfig}`);
  print(`tests\texport MCP_CONNECTOR_LAB=${lab.factsFile}`);
  print(`logs\t${lab.logDir}`);
  print('Ctrl-C ends it.');
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => undefined, 60_000);
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => {
        clearInterval(timer);
        resolve();
      });
    }
  });
} catch (error) {
  if (!(error instanceof ConnectorError)) throw error;
  process.stderr.write(`${describeError(error)}\n`);
  process.exitCode = 1;
}
