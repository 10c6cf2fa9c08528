import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { registerService, isServed, requestHeaderCa } from './aggregated-service.ts';
import { Component } from '../src/demo/component.ts';
import { freePort } from '../src/demo/free-ports.ts';
import type { ProcessGuard } from '../src/demo/process-guard.ts';
import type { Cluster } from './cluster.ts';
import { findNginx, writeNginxConfig } from './nginx.ts';
import type { PassThroughConfig } from './pass-through.ts';
import { childrenOf } from './process-usage.ts';

/** What every column is given: the two clusters, and what reaches the control plane. */
export interface Ground {
  app: Cluster;
  controlPlane: Cluster;
  claimNamespace: string;
  token: string;
  /** The kubeconfig with that token. */
  kubeconfig: string;
  /** Files and logs of this run. */
  folder: string;
  /** Ends what was started, however this process ends. */
  guard: ProcessGuard;
}

/** A server under test in the aggregator's back, with an API group of its own. */
export interface Column {
  name: string;
  group: string;
  /** `app`: maps names and labels itself; `control-plane`: passes on what it is sent. */
  form: 'app' | 'control-plane';
  server: Component;
  /** Ends the server, starts it again, and resolves when the app cluster reaches it. */
  restart: () => Promise<void>;
  /** The process whose memory counts; throws when it has ended. */
  pid: () => number;
  /** All processes whose CPU time counts. */
  pids: () => number[];
}

/** The same runtime and flags for the connector and for the pass-through that it is compared with. */
const nodeFlags: readonly string[] = [];

export function groupOf(name: string): string {
  return name === 'connector' ? 'bench.example.org' : `bench-${name}.example.org`;
}

/** Starts a script in Node that takes a PassThroughConfig, and registers it under the column's name. */
export async function startPassThrough(
  ground: Ground,
  name: string,
  script: string,
  args: readonly string[] = [],
): Promise<Column> {
  const { config, caBundle } = await passThroughConfig(ground, name);
  const file = path.join(ground.folder, `${name}.json`);
  await writeFile(file, JSON.stringify(config), { mode: 0o600 });
  return await register(ground, name, config, caBundle, process.execPath, [
    ...nodeFlags,
    script,
    file,
    ...args,
  ]);
}

/** Undefined where there is no nginx. */
export async function startNginx(ground: Ground): Promise<Column | undefined> {
  const command = await findNginx();
  if (command === undefined) return undefined;
  const { config, caBundle } = await passThroughConfig(ground, 'nginx');
  const folder = path.join(ground.folder, 'nginx');
  await mkdir(folder, { recursive: true });
  const args = await writeNginxConfig(config, folder);
  const column = await register(ground, 'nginx', config, caBundle, command, args);
  // The worker does the work; the first process only looks after it.
  const workers = () => childrenOf(column.pid());
  return { ...column, pid: () => workers()[0] ?? column.pid(), pids: workers };
}

/** The connector as a user starts it outside the cluster; it registers its group itself. */
export async function startConnector(ground: Ground): Promise<Column> {
  const group = groupOf('connector');
  const args = [
    path.resolve(import.meta.dirname, '../src/main.ts'),
    'serve',
    '--kubeconfig',
    ground.app.kubeconfig,
    '--control-plane-kubeconfig',
    ground.kubeconfig,
    '--claim-namespace',
    ground.claimNamespace,
    '--listen',
    `127.0.0.1:${await freePort()}`,
    '--external-host',
    'localhost',
    '--allow',
    `*.${group}`,
    '--log-level',
    'warn',
  ];
  return await serving(ground, 'connector', 'app', process.execPath, [...nodeFlags, ...args]);
}

async function passThroughConfig(
  ground: Ground,
  name: string,
): Promise<{ config: PassThroughConfig; caBundle: string }> {
  const file = async (part: string, pem: string) => {
    await writeFile(path.join(ground.folder, part), pem, { mode: 0o600 });
    return path.join(ground.folder, part);
  };
  const { authority } = ground.app;
  const host = `bench-${name}.kube-system.svc`;
  const { cert, key } = await authority.issue({ commonName: host, hosts: [host] });
  const config = {
    port: await freePort(),
    certFile: await file(`${name}.crt`, cert),
    keyFile: await file(`${name}.key`, key),
    clientCaFile: await file('request-header-ca.crt', await requestHeaderCa(ground.app.client)),
    upstream: ground.controlPlane.server,
    upstreamCaFile: ground.controlPlane.caFile,
    token: ground.token,
  };
  return { config, caBundle: authority.cert };
}

async function register(
  ground: Ground,
  name: string,
  config: PassThroughConfig,
  caBundle: string,
  command: string,
  args: readonly string[],
): Promise<Column> {
  await registerService(ground.app.client, `bench-${name}`, groupOf(name), config.port, caBundle);
  return await serving(ground, name, 'control-plane', command, args);
}

async function serving(
  ground: Ground,
  name: string,
  form: Column['form'],
  command: string,
  args: readonly string[],
): Promise<Column> {
  const logFile = path.join(ground.folder, `${name}.log`);
  const server = new Component({ name, command, args, logFile, guard: ground.guard });
  const group = groupOf(name);
  const untilServed = () =>
    server.waitUntil(`${group} was served in the app cluster`, () => isServed(ground.app.client, group));
  await server.start();
  await untilServed();
  const restart = async () => {
    await server.restart();
    await untilServed();
  };
  const pid = () => {
    if (server.pid === undefined) throw new Error(`${name} has ended, see ${logFile}`);
    return server.pid;
  };
  return { name, group, form, server, restart, pid, pids: () => [pid()] };
}
