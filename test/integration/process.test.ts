import { spawn } from 'node:child_process';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { serveOptions } from '../../src/config/options.ts';
import { eventually } from '../support/lab.ts';
import { KubectlWatch } from '../support/kubectl-watch.ts';
import type { ClaimApi } from '../support/platform-api.ts';
import { TestGround } from '../support/test-ground.ts';

// Generous: the machine may be busy, and no timing is a test here.
jest.setTimeout(90_000);

/** Runs the command line to its end, without the variables that could complete it. */
async function run(args: string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [path.resolve('src/main.ts'), ...args], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 20_000,
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, stdout, stderr };
}

describe('a connector that serves', () => {
  let ground: TestGround;
  let api: ClaimApi;
  beforeAll(async () => {
    ground = await TestGround.prepare('process');
    api = await ground.offer({ kind: 'Database', plural: 'databases' });
  });
  afterAll(() => ground?.remove());

  it('ends with code 0 on SIGTERM while watches are open [serve.process.sigterm]', async () => {
    const namespace = await ground.createAppNamespace('a');
    const connector = await ground.startConnector();
    await ground.available(api);
    await using watch = new KubectlWatch(ground.app.kubeconfig, [
      'get',
      `databases.${api.group}`,
      `--namespace=${namespace}`,
      '--watch',
    ]);
    await ground.app.client.create(`/apis/${api.group}/v1/namespaces/${namespace}/databases`, {
      apiVersion: `${api.group}/v1`,
      kind: 'Database',
      metadata: { name: 'watched' },
      spec: { parameters: { size: 'small' } },
    });
    await eventually(() => expect(watch.output).toContain('watched'));

    expect(await connector.stop()).toBe(0);

    expect(await connector.stderr()).not.toContain('"level":"error"');
  });
});

describe('the command line of serve', () => {
  it('lists every flag, its variable and its sentence on --help [serve.process.help]', async () => {
    const { code, stdout } = await run(['serve', '--help'], { COLUMNS: '400' });
    expect(code).toBe(0);
    const text = stdout.replaceAll(/\s+/g, ' ');
    for (const { flag, help } of serveOptions) {
      expect(text).toContain(`--${flag} `);
      expect(text).toContain(`[$MCP_CONNECTOR_${flag.toUpperCase().replaceAll('-', '_')}]`);
      expect(text).toContain(help);
    }
  });

  it('refuses an unknown flag with one sentence and exit code 1 [serve.process.unknown]', async () => {
    const { code, stdout, stderr } = await run(['serve', '--no-such-flag']);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain("unknown option '--no-such-flag'");
    expect(stderr.trim().split('\n').length).toBeLessThanOrEqual(2);
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  it('names every missing flag at once, with exit code 1 [serve.process.missing]', async () => {
    const { code, stdout, stderr } = await run(['serve', '--log-level=loud']);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^error: [^\n]+\n$/);
    for (const flag of ['--control-plane-secret', '--claim-namespace', '--log-level'])
      expect(stderr).toContain(flag);
  });

  it('refuses a kubeconfig that cannot be read with one sentence and exit code 1 [serve.process.kubeconfig]', async () => {
    const { code, stderr } = await run([
      'serve',
      '--kubeconfig=/does/not/exist',
      '--control-plane-kubeconfig=/does/not/exist/either',
      '--claim-namespace=claims',
    ]);
    expect(code).toBe(1);
    expect(stderr).toContain('/does/not/exist');
    expect(stderr).not.toMatch(/^\s+at /m);
  });
});
