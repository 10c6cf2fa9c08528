import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { consoleFor } from '../../src/agent/console/open-console.ts';
import { AppClusterStatus } from '../../src/agent/console/status/app-cluster-status.ts';
import { startHttpGateway } from '../../src/agent/gateway.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { ConsoleClient } from '../support/console-client.ts';
import { consolePassword, startConsole } from '../support/console-ground.ts';
import { eventually, sharedLab } from '../support/lab.ts';
import { TestGround } from '../support/test-ground.ts';

jest.setTimeout(120_000);

let ground: TestGround;

beforeAll(async () => {
  ground = await TestGround.prepare('agent-console');
});

afterAll(async () => {
  await ground?.remove();
});

describe('the console in the gateway', () => {
  it('deploys a server that answers its caller without a restart, and whose calls it shows [agent.console.deployed]', async () => {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'mcp-connector-console-gateway.'));
    const definitionsFile = path.join(folder, 'servers.yaml');
    const passwordFile = path.join(folder, 'password');
    await writeFile(definitionsFile, 'servers: []\n');
    await writeFile(passwordFile, consolePassword);
    const surroundings = { definitionsFile, environmentProxy: false, log: silentLogger() };
    const gateway = await startHttpGateway({
      ...surroundings,
      listen: { host: '127.0.0.1', port: 0 },
      allowedHosts: [],
      shutdownDelayMs: 0,
      confirmationKey: undefined,
      ...consoleFor(
        {
          passwordFile,
          credentialsFolder: path.join(folder, 'credentials'),
          publicUrl: undefined,
          statusOf: undefined,
          configMap: undefined,
          secret: undefined,
        },
        surroundings,
      ),
    });
    try {
      const url = `http://127.0.0.1:${gateway.port}`;
      const client = await ConsoleClient.signedIn(url);
      const draft = await client.fillIn('crossplane', {
        'control-plane.way': 'kubeconfig',
        'control-plane.kubeconfig': await readFile(sharedLab().controlPlane.kubeconfig, 'utf8'),
      });
      expect((await client.post(`${draft}/deploy`)).status).toBe(303);
      const token = /mcpgw_[\w-]{43}/.exec((await client.get('/console/servers/crossplane')).text)?.[0] ?? '';
      const call = (bearer: string): Promise<Response> =>
        fetch(`${url}/mcp/crossplane`, {
          method: 'POST',
          headers: {
            authorization: `Bearer ${bearer}`,
            'content-type': 'application/json',
            accept: 'application/json, text/event-stream',
            'mcp-protocol-version': '2025-11-25',
          },
          body: JSON.stringify({
            jsonrpc: '2.0',
            id: 1,
            method: 'tools/call',
            params: { name: 'list_xrds', arguments: {} },
          }),
        });
      await eventually(async () => {
        expect((await call(token)).status).toBe(200);
      });
      expect((await call(`mcpgw_${'A'.repeat(43)}`)).status).toBe(401);
      expect(await (await call(token)).text()).toMatch(/XRD/);
      const stop = new AbortController();
      const stream = await fetch(`${url}/console/calls/stream`, {
        headers: { cookie: client.cookie ?? '' },
        signal: stop.signal,
      });
      let seen = '';
      for await (const piece of stream.body?.pipeThrough(new TextDecoderStream()) ?? []) {
        seen += piece;
        if (seen.includes('"tool":"list_xrds"')) break;
      }
      stop.abort();
      expect(seen).toMatch(/"server":"crossplane".*"caller":"agent"/);
      // A wrong edit by hand: the gateway goes on, and the console says why.
      await writeFile(definitionsFile, 'servers: [{ name: x }]\n');
      await eventually(async () => {
        expect((await client.get('/console/servers')).text).toContain(
          'The definitions are not in use as they stand',
        );
      });
      expect((await call(token)).status).toBe(200);
    } finally {
      await gateway.stop();
      await rm(folder, { recursive: true, force: true });
    }
  });
});

describe('the status of the console', () => {
  it('is that of the connector, or says why there is none [agent.console.status]', async () => {
    const api = await ground.offer({ kind: 'Bucket', plural: 'buckets' });
    await ground.startConnector();
    await ground.available(api);
    const release = { namespace: ground.namespace, releaseName: ground.name };
    await using site = await startConsole({ status: new AppClusterStatus(ground.app.client, release) });
    const client = await ConsoleClient.signedIn(site.url);
    const { text } = await client.get('/console/status');
    expect(text).toContain(`buckets.${ground.group}`);
    expect(text).toMatch(/Connected APIs<\/dt>\s*<dd>\s*1 of 1/);
    expect(text).toContain('serving certificate');
    expect(text).toContain(ground.claimNamespace);

    const none = { namespace: ground.namespace, releaseName: 'none' };
    await using without = await startConsole({ status: new AppClusterStatus(ground.app.client, none) });
    const other = await ConsoleClient.signedIn(without.url);
    expect((await other.get('/console/status')).text).toMatch(
      /There is no status to show[^]*none-state tells of no connection/,
    );
  });
});
