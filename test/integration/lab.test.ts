import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Component } from '../../src/demo/component.ts';
import { Lab } from '../../src/demo/lab.ts';
import { ProcessGuard } from '../../src/demo/process-guard.ts';
import { eventually, kubectl, sharedLab, startConnector } from '../support/lab.ts';

const run = promisify(execFile);
// Clusters start in seconds, on a busy machine in minutes.
jest.setTimeout(180_000);

/** Command lines that name a folder: every program of a lab does. */
async function programsOf(dir: string): Promise<string[]> {
  const { stdout } = await run('ps', ['-A', '-ww', '-o', 'args='], { maxBuffer: 1 << 24 });
  return stdout.split('\n').filter((line) => line.includes(dir));
}

function gitVersion(versions: string): string {
  return (JSON.parse(versions) as { serverVersion: { gitVersion: string } }).serverVersion.gitVersion;
}

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'mcp-connector-lab-test-'));
});
afterAll(async () => {
  await rm(dir, { recursive: true, force: true });
});

function component(guard: ProcessGuard, script: string): Component {
  const logFile = path.join(dir, 'app.broken.log');
  return new Component({ name: 'app.broken', command: '/bin/sh', args: ['-c', script], logFile, guard });
}

describe('the shared lab', () => {
  it('gives clusters of the same version whose revisions lie far apart', async () => {
    const { app, controlPlane } = sharedLab();
    const ask = async (cluster: typeof app, args: string[]): Promise<string> =>
      (await kubectl(cluster, args)).stdout;
    const [appVersion, controlPlaneVersion] = await Promise.all([
      ask(app, ['version', '-o', 'json']),
      ask(controlPlane, ['version', '-o', 'json']),
    ]);
    const revision = ['get', 'namespace', 'kube-system', '-o', 'jsonpath={.metadata.resourceVersion}'];
    const [appRevision, controlPlaneRevision] = await Promise.all([
      ask(app, revision),
      ask(controlPlane, revision),
    ]);
    expect(gitVersion(appVersion)).toMatch(/^v1\.\d\d\.\d+$/);
    expect(gitVersion(controlPlaneVersion)).toBe(gitVersion(appVersion));
    expect(Math.abs(Number(appRevision) - Number(controlPlaneRevision))).toBeGreaterThan(1_000);
  });

  it('refuses an invalid Composition by the webhook of Crossplane', async () => {
    const resource = { name: 'twice', base: { apiVersion: 'v1', kind: 'ConfigMap' } };
    const composition = {
      apiVersion: 'apiextensions.crossplane.io/v1',
      kind: 'Composition',
      metadata: { name: 'lab-test-invalid' },
      spec: {
        compositeTypeRef: { apiVersion: 'lab.example.org/v1', kind: 'XNothing' },
        mode: 'Resources',
        resources: [resource, resource],
      },
    };
    const answer = await kubectl(sharedLab().controlPlane, ['create', '-f', '-'], {
      input: JSON.stringify(composition),
    });
    expect(answer).toMatchObject({ code: 1, stdout: '' });
    expect(answer.stderr).toContain('Duplicate value: "twice"');
  });

  it('empties and removes a deleted namespace, as its controllers are real', async () => {
    const { app } = sharedLab();
    const commands = [
      ['create', 'namespace', 'lab-test'],
      ['create', 'configmap', 'something', '--namespace=lab-test'],
      ['delete', 'namespace', 'lab-test', '--wait', '--timeout=60s'],
    ];
    for (const args of commands) expect(await kubectl(app, args)).toMatchObject({ code: 0 });
    const gone = await kubectl(app, ['get', 'namespace', 'lab-test']);
    expect(gone.stderr).toContain('NotFound');
  });
});

describe('startConnector', () => {
  it('runs the connector between the clusters of the shared lab until it is stopped', async () => {
    const { app, controlPlane, logDir } = sharedLab();
    const claimNamespace = 'lab-test-claims';
    await kubectl(controlPlane, ['create', 'namespace', claimNamespace]);
    const connector = await startConnector({
      claimNamespace,
      flags: ['--release-name=lab-test', '--allow=none.lab.example.org'],
    });
    expect(await connector.process.probe('/readyz')).toMatchObject({ status: 200 });
    expect((await connector.stderr()).split('\n')[0]).toMatch(/^\{.*\}$/);
    expect(path.dirname(connector.process.logFile)).toBe(logDir);
    expect(path.basename(connector.process.logFile)).toMatch(
      /^connector\.lab\.startConnector-runs-the-connector/,
    );

    expect(await connector.stop()).toBe(0);

    expect(connector.process.isRunning).toBe(false);
    await expect(connector.process.probe('/readyz')).rejects.toThrow('ECONNREFUSED');
    await kubectl(controlPlane, ['delete', 'namespace', claimNamespace, '--wait=false']);
    await kubectl(app, [
      'delete',
      'service,configmap,secret',
      '-n',
      'kube-system',
      'lab-test',
      '--ignore-not-found',
    ]);
  });

  it('reports a connector that ends with the last lines of its log', async () => {
    const outcome = startConnector({
      claimNamespace: 'unused',
      flags: ['--no-such-flag'],
      name: 'no-such-flag',
    });
    await expect(outcome).rejects.toThrow(/ended before \/readyz answered 200.*--no-such-flag/s);
  });
});

describe('a lab of its own', () => {
  it('leaves no program and no data behind when its owner is killed with SIGKILL', async () => {
    const folder = path.join(dir, 'killed');
    const owner = spawn(process.execPath, [path.resolve('test/support/lab-owner.ts'), folder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const facts = await Promise.race([once(owner.stdout, 'data'), once(owner, 'exit')]);
    expect(JSON.parse(String(facts[0]))).toMatchObject({ clusters: { app: { name: 'app' } } });
    const before = (await programsOf(folder)).join('\n');
    for (const program of ['etcd', 'kube-apiserver', 'kube-controller-manager', 'watchdog.ts']) {
      expect(before).toContain(program);
    }

    owner.kill('SIGKILL');

    await eventually(async () => expect(await programsOf(folder)).toEqual([]));
    expect(await readdir(folder)).toEqual(['log']);
  });

  it('has components that can be paused, killed and started again', async () => {
    await using lab = await Lab.open({ dir: path.join(dir, 'faults'), log: () => undefined });
    const cluster = await lab.addCluster('reference');
    const apiServer = cluster.component('kube-apiserver');

    apiServer.pause();
    // A stopped process finishes what its threads are in.
    await eventually(() => expect(cluster.isReady()).rejects.toThrow('cannot be reached'));
    apiServer.resume();
    await eventually(async () => expect(await cluster.isReady()).toBe(true));

    await apiServer.kill();
    expect(apiServer.isRunning).toBe(false);
    await expect(cluster.isReady()).rejects.toThrow('cannot be reached');
    await apiServer.start();
    await apiServer.waitUntil('it was ready again', () => cluster.isReady());
    const uid = ['get', 'namespace', 'kube-system', '-o', 'jsonpath={.metadata.uid}'];
    expect((await kubectl(cluster, uid)).stdout).toMatch(/^[0-9a-f-]{36}$/);
  });
});

describe('a component that cannot start', () => {
  it('is reported with the last lines of its log', async () => {
    await using guard = new ProcessGuard([]);
    const broken = component(guard, 'echo "the port is taken" >&2; exit 3');
    await broken.start();
    const outcome = broken.waitUntil('it was ready', () => Promise.resolve(false));
    await expect(outcome).rejects.toMatchObject({ name: 'ConnectorError', code: 'lab-component-failed' });
    await expect(outcome).rejects.toThrow(/app\.broken ended before it was ready.*\n.*the port is taken/);
  });

  it('is reported when it runs and never becomes ready', async () => {
    await using guard = new ProcessGuard([]);
    const broken = component(guard, 'echo waiting; sleep 600');
    await broken.start();
    await expect(broken.waitUntil('it was ready', () => Promise.resolve(false), 300)).rejects.toThrow(
      /did not reach this in 0\.3 s: it was ready/,
    );
    await broken.kill();
    expect(broken.pid).toBeUndefined();
  });
});
