import { createServer as createHttp } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { type AddressInfo, connect, type Server } from 'node:net';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { accessFromKubeconfig } from '../../../src/clusters/cluster-access.ts';
import { KubeClient } from '../../../src/clusters/kube-client.ts';
import { Transport } from '../../../src/clusters/transport.ts';
import { LabAuthority } from '../../../src/demo/certificates.ts';

// Generous: keys are made, the machine may be busy, and no timing is a test here.
jest.setTimeout(60_000);

const open: (Server & { closeAllConnections(): void })[] = [];

afterEach(() => {
  for (const server of open.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function portOf(server: Server & { closeAllConnections(): void }): Promise<number> {
  open.push(server);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return (server.address() as AddressInfo).port;
}

describe("a kubeconfig's proxy-url", () => {
  it('leads the calls through a CONNECT tunnel, with TLS to the cluster inside it', async () => {
    const authority = await LabAuthority.create('control-plane');
    const { cert, key } = await authority.issue({ commonName: 'server', hosts: ['cluster.example.org'] });
    const clusterPort = await portOf(
      createHttps({ cert, key }, (req, res) =>
        res.setHeader('content-type', 'application/json').end(JSON.stringify({ path: req.url })),
      ),
    );
    const tunnels: string[] = [];
    const proxy = createHttp();
    proxy.on('connect', (req, client) => {
      tunnels.push(req.url ?? '');
      const target = connect(clusterPort, '127.0.0.1', () => {
        client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
        target.pipe(client).pipe(target);
      });
      target.on('error', () => client.destroy());
      client.on('error', () => target.destroy());
    });
    const proxyPort = await portOf(proxy);
    const kubeconfig = {
      clusters: [
        {
          name: 'c',
          cluster: {
            server: 'https://cluster.example.org',
            'proxy-url': `http://127.0.0.1:${proxyPort}`,
            'certificate-authority-data': Buffer.from(authority.cert).toString('base64'),
          },
        },
      ],
      users: [{ name: 'u', user: { token: 't' } }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'x',
    };
    await using transport = new Transport(accessFromKubeconfig(JSON.stringify(kubeconfig), 'the test'));
    const answer = await new KubeClient(transport).get<{ path: string }>('/api/v1/namespaces/x');
    expect(answer.path).toBe('/api/v1/namespaces/x');
    expect(tunnels).toEqual(['cluster.example.org:443']);
  });
});
