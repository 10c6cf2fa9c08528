import path from 'node:path';
import { describeError } from '../../src/base/errors.ts';
import { startLab } from '../../src/demo/lab.ts';

/**
 * A control plane with Crossplane on this machine that pods of the lab's node can reach, until it is told to stop:
 * `node test/e2e/control-plane.ts FOLDER ADDRESS`. FOLDER/lab.json names its kubeconfig once it is ready.
 */
const print = (line: string): void => void process.stdout.write(`${line}\n`);

const [dir, address] = process.argv.slice(2);
if (!dir || !address) {
  process.stderr.write('usage: node test/e2e/control-plane.ts FOLDER ADDRESS\n');
  process.exit(2);
}
try {
  await using lab = await startLab({
    log: print,
    dir: path.resolve(dir),
    clusters: ['control-plane'],
    address,
  });
  await lab.writeFacts();
  print(`export KUBECONFIG=${lab.controlPlane.kubeconfig}`);
  const stopped = Promise.withResolvers<void>();
  // A pending promise alone does not keep a process.
  const timer = setInterval(() => undefined, 60_000);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopped.resolve());
  await stopped.promise;
  clearInterval(timer);
} catch (error) {
  process.stderr.write(`${describeError(error)}\n`);
  process.exitCode = 1;
}
