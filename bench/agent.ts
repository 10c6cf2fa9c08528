import { execFile, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs, promisify } from 'node:util';
import { countTokens } from 'gpt-tokenizer/encoding/o200k_base';
import { Pool } from 'undici';
import { accessFromFile } from '../src/clusters/cluster-access.ts';
import { KubeClient } from '../src/clusters/kube-client.ts';
import { Transport } from '../src/clusters/transport.ts';
import { startLab } from '../src/demo/lab.ts';

/**
 * `make bench-agent`, what the agent gateway costs: tokens of its list of tools, time that a call takes beyond the API request it
 * makes, trivial calls a second, and memory after them. On a control plane of its own, or on one with Crossplane where it makes
 * one EnvironmentConfig for its time:
 *
 *     node bench/agent.ts [--kubeconfig /path/to/control-plane.kubeconfig]
 */
const { values } = parseArgs({
  options: {
    kubeconfig: { type: 'string' },
    calls: { type: 'string' },
  },
});
const lab = values.kubeconfig
  ? undefined
  : await startLab({
      clusters: ['control-plane'],
      log: (line) => void process.stderr.write(`${line}\n`),
    });
const kubeconfig = path.resolve(values.kubeconfig ?? (lab?.controlPlane.kubeconfig as string));
const calls = Number(values.calls ?? 500);

const seedTools =
  'create_xrd list_xrds get_xrd update_xrd delete_xrd create_composition list_compositions get_composition update_composition delete_composition list_composition_revisions install_provider list_providers get_provider uninstall_provider install_configuration list_configurations get_configuration list_configuration_revisions create_environment_config list_environment_configs get_environment_config create_operation create_cron_operation list_operations get_operation_status create_usage list_usages get_usage'.split(
    ' ',
  );
const objectName = `bench-agent-${process.pid}`;
const objectBase = '/apis/apiextensions.crossplane.io/v1beta1/environmentconfigs';
const revision = '2026-07-28';

interface Measure {
  what: string;
  value: string;
  bar: string;
  isMet: boolean;
}
const measures: Measure[] = [];
const root = path.resolve(import.meta.dirname, '..');
const dir = await mkdtemp(path.join(os.tmpdir(), 'bench-agent-'));
const cluster = new KubeClient(new Transport(accessFromFile(kubeconfig)), 'mcp-connector-bench');

try {
  await cluster.create(objectBase, {
    apiVersion: 'apiextensions.crossplane.io/v1beta1',
    kind: 'EnvironmentConfig',
    metadata: { name: objectName },
    data: { region: 'eu' },
  });
  const servers = [
    { name: 'seed', tools: { allow: seedTools } },
    { name: 'seed-schemas', tools: { allow: seedTools, outputSchemas: true } },
    { name: 'seed-read', tools: { allow: seedTools }, readOnly: true },
    { name: 'all' },
    { name: 'compact', tools: { style: 'compact' } },
  ];
  const common = {
    controlPlane: { kubeconfig: { file: kubeconfig } },
    authentication: { anonymous: true },
    rateLimits: { read: { perMinute: 0 }, concurrent: 0, concurrentPerCaller: 0 },
  };
  const file = path.join(dir, 'servers.yaml');
  await writeFile(
    file,
    JSON.stringify({
      servers: servers.map((server) => Object.assign({}, common, server)),
    }),
  );
  // As it is shipped: stripping types at the start costs memory.
  await promisify(execFile)('tsc', ['-p', 'tsconfig.build.json'], { cwd: root });
  const gateway = await started(['dist/main.js', 'agent', '--config', file, '--listen', '127.0.0.1:0']);
  try {
    await measureTokens(gateway);
    await measureLatency(gateway);
    const rate = await rateOf(gateway, '/mcp/all', 'get_environment_config', { name: objectName });
    measures.push({
      what: 'calls/s of one GET each, 10 in flight',
      value: rate.toFixed(0),
      bar: '-',
      isMet: true,
    });
    const rss = await residentMegabytes(gateway.pid);
    measures.push({
      what: 'resident memory after that, MB',
      value: rss.toFixed(0),
      bar: '<= 220',
      isMet: rss <= 220,
    });
  } finally {
    await gateway.stop();
  }
  const trivial = await started(['bench/agent-trivial.ts']);
  try {
    const rate = await rateOf(trivial, '/mcp/fixture', 'test_simple_text', {});
    measures.push({
      what: 'trivial calls/s, 10 in flight',
      value: rate.toFixed(0),
      bar: '>= 400',
      isMet: rate >= 400,
    });
    const rss = await residentMegabytes(trivial.pid);
    measures.push({
      what: 'resident memory after those, MB',
      value: rss.toFixed(0),
      bar: '<= 220',
      isMet: rss <= 220,
    });
  } finally {
    await trivial.stop();
  }
} finally {
  await cluster.delete(`${objectBase}/${objectName}`).catch(() => undefined);
  await rm(dir, { recursive: true, force: true });
  await lab?.stop();
}
for (const { what, value, bar, isMet } of measures)
  process.stdout.write(
    `${what.padEnd(52)} ${value.padStart(8)}  ${bar.padEnd(8)} ${isMet ? 'ok' : 'MISSED'}\n`,
  );
process.exit(measures.every(({ isMet }) => isMet) ? 0 : 1);

interface Running {
  pid: number;
  pool: Pool;
  stop: () => Promise<void>;
}

/** A child that says its port in a line of JSON on standard error. */
async function started(args: readonly string[]): Promise<Running> {
  const child = spawn(process.execPath, args, {
    cwd: root,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
  });
  for await (const line of createInterface({ input: child.stderr })) {
    const { port } = JSON.parse(line) as { port?: number };
    if (port === undefined) continue;
    child.stderr.resume();
    const pool = new Pool(`http://127.0.0.1:${port}`, { connections: 10 });
    return {
      pid: child.pid as number,
      pool,
      stop: async () => {
        await pool.close();
        child.kill('SIGTERM');
        await exited;
      },
    };
  }
  throw new Error(`${args.join(' ')} ended before it served`);
}

async function post(
  { pool }: Running,
  target: string,
  method: string,
  params: Record<string, unknown>,
): Promise<Record<string, unknown>> {
  const meta = {
    'io.modelcontextprotocol/protocolVersion': revision,
    'io.modelcontextprotocol/clientInfo': { name: 'bench', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  const { body, statusCode } = await pool.request({
    path: target,
    method: 'POST',
    headers: {
      host: 'localhost',
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': revision,
      'mcp-method': method,
      ...(typeof params['name'] === 'string' ? { 'mcp-name': params['name'] } : {}),
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { ...params, _meta: meta } }),
  });
  const answer = (await body.json()) as { result?: Record<string, unknown>; error?: unknown };
  if (statusCode !== 200 || !answer.result || answer.result['isError'])
    throw new Error(`${method} was answered with ${statusCode}: ${JSON.stringify(answer)}`);
  return answer.result;
}

async function measureTokens(gateway: Running): Promise<void> {
  const bars: [string, string, number][] = [
    ['seed', 'tokens of tools/list: the 29', 4_000],
    ['seed-schemas', 'tokens of tools/list: the 29, output schemas', 5_500],
    ['seed-read', 'tokens of tools/list: those of the 29 that read', 2_000],
    ['all', 'tokens of tools/list: all tools', 7_500],
    ['compact', 'tokens of tools/list: all tools, compact', 7_500],
  ];
  for (const [server, what, bar] of bars) {
    const { tools } = await post(gateway, `/mcp/${server}`, 'tools/list', {});
    const tokens = countTokens(JSON.stringify({ tools }));
    measures.push({ what, value: String(tokens), bar: `<= ${bar}`, isMet: tokens <= bar });
  }
}

/** Both in turns, so that whatever else the machine does is in both. */
async function measureLatency(gateway: Running): Promise<void> {
  const direct: number[] = [];
  const through: number[] = [];
  const pathOfObject = `${objectBase}/${objectName}`;
  const call = { name: 'get_environment_config', arguments: { name: objectName } };
  for (let at = -50; at < calls; at++) {
    const [first, second] = [
      await timed(() => cluster.get(pathOfObject)),
      await timed(() => post(gateway, '/mcp/all', 'tools/call', call)),
    ];
    // Neither has warmed up in the beginning.
    if (at < 0) continue;
    direct.push(first);
    through.push(second);
  }
  const added = (share: number): number => quantile(through, share) - quantile(direct, share);
  measures.push(
    { what: 'ms of the API request, p50', value: quantile(direct, 0.5).toFixed(2), bar: '-', isMet: true },
    {
      what: 'ms added to it by the gateway, p50',
      value: added(0.5).toFixed(2),
      bar: '<= 5',
      isMet: added(0.5) <= 5,
    },
    {
      what: 'ms added to it by the gateway, p99',
      value: added(0.99).toFixed(2),
      bar: '<= 40',
      isMet: added(0.99) <= 40,
    },
  );
}

/** Calls a second over 5 s, after one second of warming up. */
async function rateOf(gateway: Running, target: string, name: string, args: object): Promise<number> {
  const call = { name, arguments: args };
  const seconds = async (length: number): Promise<number> => {
    const until = performance.now() + length * 1_000;
    let done = 0;
    await Promise.all(
      Array.from({ length: 10 }, async () => {
        while (performance.now() < until) {
          await post(gateway, target, 'tools/call', call);
          done++;
        }
      }),
    );
    return done / length;
  };
  await seconds(1);
  return seconds(5);
}

async function timed(run: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await run();
  return performance.now() - start;
}

function quantile(times: readonly number[], share: number): number {
  const sorted = times.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] as number;
}

async function residentMegabytes(pid: number): Promise<number> {
  const [, kilobytes] = /VmRSS:\s+(\d+) kB/.exec(await readFile(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) / 1024;
}
