import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { AuthenticatingServer } from './authenticating-server.ts';
import { makeCertificate, type TestCertificate } from './test-certificates.ts';

const ca = makeCertificate('front-proxy-ca', { ca: true });
const otherCa = makeCertificate('other-ca', { ca: true });
const clientAuth = { clientAuth: true };
const proxy = makeCertificate('front-proxy-client', { issuer: ca, usages: clientAuth });
const anonymous = {
  code: 200,
  user: { name: 'system:anonymous', groups: ['system:unauthenticated'], extra: {} },
};
const forged = ['X-Remote-User', 'admin', 'X-Remote-Group', 'system:masters'];

function config(cas: TestCertificate[], more: Record<string, string> = {}): Record<string, string> {
  return {
    'requestheader-client-ca-file': cas.map((each) => each.cert).join(''),
    'requestheader-allowed-names': '["front-proxy-client"]',
    'requestheader-username-headers': '["X-Remote-User"]',
    'requestheader-uid-headers': '["X-Remote-Uid"]',
    'requestheader-group-headers': '["X-Remote-Group"]',
    'requestheader-extra-headers-prefix': '["X-Remote-Extra-"]',
    ...more,
  };
}

/** A name as Go writes it, byte by byte. */
function wire(name: string): string {
  return Buffer.from(name).toString('latin1');
}

let server: AuthenticatingServer;

beforeAll(async () => {
  server = await AuthenticatingServer.start();
});
beforeEach(() => server.configure(config([ca])));
afterAll(() => server[Symbol.asyncDispose]());

describe('the front proxy', () => {
  it('is believed with its certificate, without waiting', async () => {
    const before = server.answeredAtOnce;
    const headers = ['X-Remote-User', 'jane', 'X-Remote-Uid', 'u-1', 'X-Remote-Group', 'dev'];
    expect(await server.ask(headers, proxy)).toEqual({
      code: 200,
      user: { name: 'jane', uid: 'u-1', groups: ['dev', 'system:authenticated'], extra: {} },
    });
    expect(server.answeredAtOnce).toBe(before + 1);
  });

  it('puts a user without groups into system:authenticated, so that the aggregator reaches discovery', async () => {
    const { user } = await server.ask(['X-Remote-User', 'system:kube-aggregator'], proxy);
    expect(user?.groups).toEqual(['system:authenticated']);
  });

  it('leaves the groups of a proxied anonymous user alone', async () => {
    const headers = ['X-Remote-User', 'system:anonymous', 'X-Remote-Group', 'system:unauthenticated'];
    expect(await server.ask(headers, proxy)).toEqual(anonymous);
  });

  it('is believed over an intermediate CA that it sends along', async () => {
    const intermediate = makeCertificate('intermediate', { issuer: ca, ca: true });
    const leaf = makeCertificate('front-proxy-client', { issuer: intermediate, usages: clientAuth });
    expect((await server.ask(forged, leaf, otherCa, intermediate)).user?.name).toBe('admin');
    expect(await server.ask(forged, leaf)).toEqual({ code: 401 });
  });

  it('is believed without any extended key usage, as Go does', async () => {
    expect((await server.ask(forged, makeCertificate('front-proxy-client', { issuer: ca }))).user?.name).toBe(
      'admin',
    );
  });

  it('is believed under any name where the list of names is empty', async () => {
    server.configure(config([ca], { 'requestheader-allowed-names': '[]' }));
    expect(
      (await server.ask(forged, makeCertificate('whoever', { issuer: ca, usages: clientAuth }))).user?.name,
    ).toBe('admin');
  });
});

describe('attacks on the front proxy', () => {
  it('forged X-Remote-User without certificate: the caller stays anonymous', async () => {
    expect(await server.ask(forged)).toEqual(anonymous);
  });

  it('wrong CA: the caller is refused', async () => {
    const leaf = makeCertificate('front-proxy-client', { issuer: otherCa, usages: clientAuth });
    expect(await server.ask(forged, leaf)).toEqual({ code: 401 });
  });

  it('a CA of the right name and another key: the caller is refused', async () => {
    const impostor = makeCertificate('front-proxy-ca', { ca: true });
    const leaf = makeCertificate('front-proxy-client', { issuer: impostor, usages: clientAuth });
    expect(await server.ask(forged, leaf, impostor)).toEqual({ code: 401 });
  });

  it('right CA but wrong CN: the caller is refused', async () => {
    expect(await server.ask(forged, makeCertificate('jane', { issuer: ca, usages: clientAuth }))).toEqual({
      code: 401,
    });
  });

  it('a second common name beside the allowed one: the caller is refused', async () => {
    const subject = ['jane', 'front-proxy-client'].map((value) => ({ name: 'commonName', value }));
    const leaf = makeCertificate('', { issuer: ca, usages: clientAuth, subject });
    expect(await server.ask(forged, leaf)).toEqual({ code: 401 });
  });

  it('an allowed CN written into another field by a line break: the caller is refused', async () => {
    const subject = [{ name: 'organizationName', value: 'x\nCN=front-proxy-client' }];
    expect(
      await server.ask(forged, makeCertificate('', { issuer: ca, usages: clientAuth, subject })),
    ).toEqual({ code: 401 });
  });

  it('expired certificate: the caller is refused', async () => {
    const leaf = makeCertificate('front-proxy-client', { issuer: ca, usages: clientAuth, from: -2, to: -1 });
    expect(await server.ask(forged, leaf)).toEqual({ code: 401 });
  });

  it('certificate that is not valid yet: the caller is refused', async () => {
    const leaf = makeCertificate('front-proxy-client', { issuer: ca, usages: clientAuth, from: 1 });
    expect(await server.ask(forged, leaf)).toEqual({ code: 401 });
  });

  it('serverAuth-only certificate: the caller is refused', async () => {
    const leaf = makeCertificate('front-proxy-client', { issuer: ca, usages: { serverAuth: true } });
    expect(await server.ask(forged, leaf)).toEqual({ code: 401 });
  });

  it('a leaf certificate used as a CA: the caller is refused', async () => {
    const user = makeCertificate('jane', { issuer: ca, ca: false });
    const plain = makeCertificate('john', { issuer: ca });
    for (const issuer of [user, plain]) {
      const leaf = makeCertificate('front-proxy-client', { issuer, usages: clientAuth });
      expect(await server.ask(forged, leaf, issuer)).toEqual({ code: 401 });
    }
  });

  it('intermediates that sign each other in a circle: the caller is refused', async () => {
    const a = makeCertificate('a', { ca: true });
    const b = makeCertificate('b', { ca: true });
    const aByB = makeCertificate('a', { ca: true, issuer: b, key: a.key });
    const bByA = makeCertificate('b', { ca: true, issuer: a, key: b.key });
    const leaf = makeCertificate('front-proxy-client', { issuer: a, usages: clientAuth });
    expect(await server.ask(forged, leaf, aByB, bByA)).toEqual({ code: 401 });
  });

  it('duplicate X-Remote-User: the request is refused', async () => {
    expect(await server.ask(['X-Remote-User', 'jane', 'x-remote-user', 'admin'], proxy)).toEqual({
      code: 401,
    });
    expect(await server.ask(['X-Remote-User', '', 'x-remote-user', 'admin'], proxy)).toEqual({ code: 401 });
  });

  it('duplicate X-Remote-Uid: the request is refused', async () => {
    const headers = ['X-Remote-User', 'jane', 'X-Remote-Uid', '1', 'X-Remote-Uid', '2'];
    expect(await server.ask(headers, proxy)).toEqual({ code: 401 });
  });

  it('group containing a comma: it stays one group', async () => {
    const headers = [
      'X-Remote-User',
      'jane',
      'X-Remote-Group',
      'cn=a, system:masters',
      'X-Remote-Group',
      'b',
    ];
    expect((await server.ask(headers, proxy)).user?.groups).toEqual([
      'cn=a, system:masters',
      'b',
      'system:authenticated',
    ]);
  });

  it('percent-encoded extra key: it is decoded after the lowering of case, values apart', async () => {
    const headers = [
      'X-Remote-User',
      'jane',
      'X-Remote-Extra-Example.com%2FA%41',
      '1, 2',
      'x-remote-extra-example.com%2fa%41',
      '3',
    ];
    expect((await server.ask(headers, proxy)).user?.extra).toEqual({ 'example.com/aA': ['1, 2', '3'] });
  });

  it('an extra key that is no percent-encoding, or __proto__: it is kept as it stands', async () => {
    const headers = ['X-Remote-User', 'jane', 'X-Remote-Extra-a%zz', '1', 'X-Remote-Extra-__proto__', '2'];
    const { user } = await server.ask(headers, proxy);
    expect(Object.entries(user?.extra ?? {})).toEqual([
      ['a%zz', ['1']],
      ['__proto__', ['2']],
    ]);
  });

  it('names in UTF-8, or with a byte order mark: they are neither garbled nor merged with another name', async () => {
    expect((await server.ask(['X-Remote-User', wire('jürgen')], proxy)).user?.name).toBe('jürgen');
    expect((await server.ask(['X-Remote-User', wire('\uFEFFadmin')], proxy)).user?.name).toBe('\uFEFFadmin');
    expect(await server.ask(['X-Remote-User', 'admin\u00ff'], proxy)).toEqual({ code: 401 });
  });

  it('header names that are not the configured ones: they are ignored', async () => {
    server.configure(config([ca], { 'requestheader-username-headers': '["X-Gate-User"]' }));
    expect(await server.ask(forged, proxy)).toEqual(anonymous);
    expect((await server.ask(['x-gate-user', 'jane', ...forged], proxy)).user?.name).toBe('jane');
  });

  it('CA rotated while the connection lives: the old certificate no longer counts, and counts again with its CA [rotation.frontproxy.trust]', async () => {
    const client = server.connect([proxy]);
    expect((await client.ask(forged)).user?.name).toBe('admin');
    server.configure(config([otherCa]));
    expect(await client.ask(forged)).toEqual({ code: 401 });
    server.configure(config([otherCa, ca]));
    expect((await client.ask(forged)).user?.name).toBe('admin');
    client.close();
  });

  it('certificate that expires while the connection lives: it no longer counts', async () => {
    await using fresh = await AuthenticatingServer.start(config([ca]));
    const client = fresh.connect([proxy]);
    expect((await client.ask(forged)).user?.name).toBe('admin');
    fresh.clock.stall(400 * 86_400_000);
    expect(await client.ask(forged)).toEqual({ code: 401 });
    client.close();
  });

  it('a front-proxy CA that also signs users, and no list of names: no user can act as another', async () => {
    const shared = config([ca], { 'requestheader-allowed-names': '[]', 'client-ca-file': ca.cert });
    server.configure(shared);
    expect(server.trust.current?.warning).toContain('requestheader-allowed-names');
    const user = makeCertificate('jane', { issuer: ca, usages: clientAuth });
    expect((await server.ask(forged, user)).user?.name).toBe('jane');
    server.configure({ ...shared, 'requestheader-allowed-names': '["front-proxy-client"]' });
    expect(server.trust.current?.warning).toBeUndefined();
    expect((await server.ask(forged, proxy)).user?.name).toBe('admin');
  });

  it('a user CA below the front-proxy CA, and no list of names: no user can act as another', async () => {
    const userCa = makeCertificate('user-ca', { issuer: ca, ca: true });
    server.configure(config([ca], { 'requestheader-allowed-names': '[]', 'client-ca-file': userCa.cert }));
    const user = makeCertificate('jane', { issuer: userCa, usages: clientAuth });
    expect((await server.ask(forged, user, userCa)).user?.name).toBe('jane');
  });
});
