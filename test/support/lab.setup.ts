import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { describeError } from '../../src/base/errors.ts';
import { kubectl } from '../../src/demo/kubectl.ts';
import { type Lab, type LabFacts, startLab } from '../../src/demo/lab.ts';
import { labVariable, type LabFailure } from './shared-lab.ts';

declare global {
  /** Handed from setup to teardown, which jest runs in the same process. */
  var sharedTestLab: Lab | undefined;
}

/** One lab for all test files and workers. A lab of `make lab` is used where MCP_CONNECTOR_LAB leads to one that is alive. */
export default async function setup(): Promise<void> {
  // Every connector that a test starts would otherwise strip and compile the same sources again: half of its start.
  process.env['NODE_COMPILE_CACHE'] ??= path.join(os.tmpdir(), 'mcp-connector-compile-cache');
  const given = process.env[labVariable];
  if (given && (await isAlive(given))) return;
  const dir = await mkdtemp(path.join(os.tmpdir(), 'mcp-connector-test-'));
  try {
    const lab = await startLab({ dir, log, clusters: ['app', 'control-plane', 'reference'] });
    await lab.writeFacts();
    globalThis.sharedTestLab = lab;
    process.env[labVariable] = lab.factsFile;
    log(`logs are in ${lab.logDir}`);
  } catch (error) {
    const failure: LabFailure = { failure: describeError(error) };
    const file = path.join(dir, 'failure.json');
    await writeFile(file, JSON.stringify(failure));
    process.env[labVariable] = file;
    log(failure.failure);
  }
}

function log(line: string): void {
  process.stderr.write(`lab: ${line}\n`);
}

async function isAlive(factsFile: string): Promise<boolean> {
  try {
    const { clusters } = JSON.parse(await readFile(factsFile, 'utf8')) as LabFacts;
    const answers = await Promise.all(
      Object.values(clusters).map(({ kubeconfig }) =>
        kubectl(kubeconfig, ['get', '--raw', '/readyz'], { timeoutMs: 10_000 }),
      ),
    );
    return answers.length > 0 && answers.every(({ stdout }) => stdout === 'ok');
  } catch {
    return false;
  }
}
