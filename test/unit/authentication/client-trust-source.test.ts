import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import pino from 'pino';
import { parseClientTrust } from '../../../src/authentication/client-trust.ts';
import { ClientTrustSource } from '../../../src/authentication/client-trust-source.ts';
import { FakeApiServer } from '../clusters/fake-api-server.ts';
import { makeCertificate } from './test-certificates.ts';

const path = '/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication';
const ca = makeCertificate('front-proxy-ca', { ca: true });
const nextCa = makeCertificate('next-front-proxy-ca', { ca: true });

function configMap(data: Record<string, string>) {
  return { metadata: { name: 'extension-apiserver-authentication', namespace: 'kube-system' }, data };
}

let app: FakeApiServer;
let source: ClientTrustSource;
let logged: string[];

beforeEach(async () => {
  app = await FakeApiServer.start();
  logged = [];
  const log = pino({ level: 'info' }, { write: (line) => void logged.push(line) });
  source = new ClientTrustSource({ client: app.client(), log });
});
afterEach(async () => {
  await source.stop();
  await app[Symbol.asyncDispose]();
});

async function until(condition: () => boolean): Promise<void> {
  for (let turns = 0; !condition(); turns++) {
    if (turns > 4_000) throw new Error('it never happened');
    await delay(1);
  }
}

describe('ClientTrustSource', () => {
  it('knows nothing before the first look, and nobody without the ConfigMap', async () => {
    expect(source.current).toBeUndefined();
    await source.start().loaded;
    expect(source.current).toEqual({ requestHeader: undefined, clientCas: [], warning: undefined });
  });

  it('takes a rotated CA as soon as it is written, as a new snapshot [rotation.frontproxy.trust]', async () => {
    app.put(path, configMap({ 'requestheader-client-ca-file': ca.cert }));
    await source.start().loaded;
    const first = source.current;
    await until(() => app.watches === 1);
    app.put(path, configMap({ 'requestheader-client-ca-file': ca.cert + nextCa.cert }));
    await until(() => source.current !== first);
    expect(first?.requestHeader?.cas).toHaveLength(1);
    expect(source.current?.requestHeader?.cas).toHaveLength(2);
  });

  it('keeps its snapshot when the ConfigMap is deleted or unreadable', async () => {
    const data = { 'requestheader-client-ca-file': ca.cert };
    app.put(path, configMap(data));
    await source.start().loaded;
    const first = source.current;
    await until(() => app.watches === 1);
    app.remove(path);
    await until(() => logged.some((line) => line.includes('is missing')));
    expect(source.current).toBe(first);
    app.put(path, configMap({ 'requestheader-client-ca-file': 'no PEM' }));
    await until(() => logged.some((line) => line.includes('it holds no certificate')));
    expect(source.current).toBe(first);
  });

  it('trusts nobody when the first ConfigMap it sees is unreadable', async () => {
    app.put(path, configMap({ 'requestheader-client-ca-file': 'no PEM', 'client-ca-file': ca.cert }));
    await source.start().loaded;
    expect(source.current).toEqual({ requestHeader: undefined, clientCas: [], warning: undefined });
  });
});

describe('parseClientTrust', () => {
  it('reads names in lower case and ignores text between certificates', () => {
    const trust = parseClientTrust({
      'requestheader-client-ca-file': `# first\n${ca.cert}# second\n${nextCa.cert}`,
      'requestheader-username-headers': '[" X-Remote-User "]',
      'requestheader-extra-headers-prefix': '["X-Remote-Extra-"]',
    });
    expect(trust.requestHeader?.cas.map((each) => each.subject)).toEqual([
      'CN=front-proxy-ca',
      'CN=next-front-proxy-ca',
    ]);
    expect(trust.requestHeader?.usernameHeaders).toEqual(['x-remote-user']);
    expect(trust.requestHeader?.extraPrefixes).toEqual(['x-remote-extra-']);
    expect(trust.requestHeader?.uidHeaders).toEqual([]);
  });

  it('refuses a list of names that is no list, rather than taking it for an empty one', () => {
    const data = { 'requestheader-client-ca-file': ca.cert };
    for (const names of ['front-proxy-client', '"front-proxy-client"', '[1]']) {
      expect(() => parseClientTrust({ ...data, 'requestheader-allowed-names': names })).toThrow(
        'requestheader-allowed-names',
      );
    }
  });
});
