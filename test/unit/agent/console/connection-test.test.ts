import {
  createServer as createPlain,
  type IncomingMessage,
  type RequestListener,
  type Server,
} from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { addressCheck } from '../../../../src/agent/console/connection/address-check.ts';
import { testConnection } from '../../../../src/agent/console/connection/connection-test.ts';
import { accessFromKubeconfig } from '../../../../src/clusters/cluster-access.ts';
import type { Check } from '../../../../src/connecting/check.ts';
import { LabAuthority } from '../../../../src/demo/certificates.ts';

let authority: LabAuthority;
let pair: { cert: string; key: string };
const servers: Server[] = [];

beforeAll(async () => {
  authority = await LabAuthority.create('authority');
  pair = await authority.issue({ commonName: 'control-plane', hosts: ['127.0.0.1'] });
  // Three RSA keys, on a busy machine.
}, 60_000);

afterAll(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

/** Port of a control plane that answers as told. */
async function serve(listener: RequestListener, tls: object | null = pair): Promise<number> {
  const server = tls ? createServer(tls, listener) : createPlain(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** Answers by method and path; 404 otherwise. */
function answers(known: Record<string, [status: number, body: object]>): RequestListener {
  return (request: IncomingMessage, response) => {
    request.resume();
    const [status, body] = known[`${request.method} ${request.url?.split('?')[0]}`] ?? [
      404,
      { kind: 'Status', reason: 'NotFound', message: 'not found' },
    ];
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  };
}

const leadsTo =
  (...addresses: string[]) =>
  () =>
    Promise.resolve(addresses.map((address) => ({ address, family: 4 })));
const version: [number, object] = [200, { gitVersion: 'v1.34.1' }];
const status = (code: number, reason: string): [number, object] => [
  code,
  { kind: 'Status', reason, message: reason },
];
const review: [number, object] = [201, { status: { userInfo: { username: 'system:serviceaccount:a:b' } } }];
const reviewPath = 'POST /apis/authentication.k8s.io/v1/selfsubjectreviews';

function test(port: number, { ca = authority.cert, host = '127.0.0.1', token = 'x' } = {}): Promise<Check[]> {
  const kubeconfig = JSON.stringify({
    'current-context': 'x',
    contexts: [{ name: 'x', context: { cluster: 'x', user: 'x' } }],
    clusters: [
      {
        name: 'x',
        cluster: {
          server: `https://${host}:${port}`,
          ...(ca === '' ? {} : { 'certificate-authority-data': Buffer.from(ca).toString('base64') }),
        },
      },
    ],
    users: [{ name: 'x', user: token === '' ? {} : { token } }],
  });
  const access = accessFromKubeconfig(kubeconfig, 'the test');
  return testConnection({ access, toolsets: ['xrd'], readOnly: false, environmentProxy: false });
}

/** What failed, in one line. */
async function fault(checks: Promise<Check[]>): Promise<string> {
  const failed = (await checks).filter(({ state }) => state === 'failed');
  return failed.map(({ subject, message, remedy }) => `${subject}: ${message}; ${remedy ?? ''}`).join('\n');
}

describe('the connection test', () => {
  it('says for each way to fail what it is, and what to do [agent.console.failures]', async () => {
    const unknownName = test(443, { host: 'no-such-host.invalid' });
    expect(await fault(unknownName)).toMatch(/^Address: the name no-such-host\.invalid is not known/);
    expect(await fault(test(1))).toMatch(/^Reachable: 127\.0\.0\.1:1 refuses connections; look at the port/);

    const port = await serve(answers({ 'GET /version': version }));
    expect(await fault(test(port, { ca: '' }))).toMatch(
      /^TLS: the certificate of .* is signed by an authority that the gateway does not know/,
    );
    expect(await fault(test(port, { host: 'localhost' }))).toMatch(
      /^TLS: the certificate of localhost:\d+ is for another name/,
    );
    const expired = await authority.issue({ commonName: 'x', hosts: ['127.0.0.1'], lifetimeMs: -60_000 });
    expect(await fault(test(await serve(answers({}), expired)))).toMatch(/^TLS: .* has expired/);
    expect(await fault(test(await serve(answers({}), null)))).toMatch(/^TLS: .* does not speak TLS/);

    const unauthorized = await serve(answers({ 'GET /version': status(401, 'Unauthorized') }));
    expect(await fault(test(unauthorized))).toMatch(
      /^Account: .* does not accept the credential \(401\); it may have expired/,
    );
    const late = await serve(answers({ 'GET /version': version, [reviewPath]: status(401, 'Unauthorized') }));
    expect(await fault(test(late))).toMatch(/^Account: .* does not accept the credential/);
    const forbidden = await serve(
      answers({ 'GET /version': version, [reviewPath]: status(403, 'Forbidden') }),
    );
    expect(await fault(test(forbidden))).toMatch(/^Account: .* forbids it everything: Forbidden/);
    const anonymous = [201, { status: { userInfo: { username: 'system:anonymous' } } }] as [number, object];
    const nobody = await serve(answers({ 'GET /version': version, [reviewPath]: anonymous }));
    expect(await fault(test(nobody, { token: '' }))).toMatch(/^Account: .* takes the gateway for anonymous/);

    const known = { 'GET /version': version, [reviewPath]: review };
    const undiscovered = await serve(answers({ ...known, 'GET /apis': status(403, 'Forbidden') }));
    expect(await fault(test(undiscovered))).toMatch(
      /^Crossplane: what the control plane serves cannot be read/,
    );
    const discovery = {
      kind: 'APIGroupDiscoveryList',
      items: [{ metadata: { name: 'apps' }, versions: [] }],
    };
    const empty = await serve(
      answers({
        ...known,
        'GET /api': [200, { kind: 'APIGroupDiscoveryList', items: [] }],
        'GET /apis': [200, discovery],
      }),
    );
    expect(await fault(test(empty))).toMatch(
      /^Crossplane: the control plane serves no API of Crossplane; look at whether/,
    );
  }, 60_000);

  it('asks no metadata or link-local address, by whatever name [agent.console.metadata]', async () => {
    const addresses = [
      '169.254.169.254',
      '169.254.170.2',
      '[fe80::1]',
      '[fd00:ec2::254]',
      '[::ffff:169.254.169.254]',
      '100.100.100.200',
      '0.0.0.0',
    ];
    for (const host of addresses) {
      const { state, message } = await addressCheck(new URL(`https://${host}/`));
      expect([host, state, message]).toEqual([
        host,
        'failed',
        expect.stringContaining('not for API servers'),
      ]);
    }
    expect(
      (await addressCheck(new URL('https://innocent.example.org'), leadsTo('203.0.113.1', '169.254.169.254')))
        .state,
    ).toBe('failed');
    expect((await addressCheck(new URL('https://innocent.example.org'), leadsTo('203.0.113.1'))).state).toBe(
      'ok',
    );
    // And nothing is sent to one: the checks end there.
    const checks = await test(80, { host: '169.254.169.254' });
    expect(checks.map(({ subject }) => subject)).toEqual(['Address']);
  });
});
