import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AuthenticatingServer } from './authenticating-server.ts';
import { makeCertificate } from './test-certificates.ts';

const clientCa = makeCertificate('client-ca', { ca: true });
const usages = { clientAuth: true };
const jane = makeCertificate('jane', {
  issuer: clientCa,
  usages,
  organizations: ['dev', 'system:masters, x'],
});
const tokenUser = { name: 'system:serviceaccount:a:b', groups: ['system:authenticated'], extra: {} };

let server: AuthenticatingServer;

beforeAll(async () => {
  server = await AuthenticatingServer.start({ 'client-ca-file': clientCa.cert });
  server.tokens['good'] = tokenUser;
});
afterAll(() => server[Symbol.asyncDispose]());

describe('Authenticator', () => {
  it('reads user and groups from a client certificate', async () => {
    const fingerprint = new X509Certificate(jane.cert).fingerprint256.replaceAll(':', '').toLowerCase();
    expect(await server.ask([], jane)).toEqual({
      code: 200,
      user: {
        name: 'jane',
        groups: ['dev', 'system:masters, x', 'system:authenticated'],
        extra: { 'authentication.kubernetes.io/credential-id': [`X509SHA256=${fingerprint}`] },
      },
    });
  });

  it('does not believe the headers of a user with a client certificate', async () => {
    expect((await server.ask(['X-Remote-User', 'admin'], jane)).user?.name).toBe('jane');
  });

  it('refuses a client certificate with two common names', async () => {
    const subject = ['jane', 'admin'].map((value) => ({ name: 'commonName', value }));
    expect(await server.ask([], makeCertificate('', { issuer: clientCa, usages, subject }))).toEqual({
      code: 401,
    });
  });

  it('takes a bearer token', async () => {
    expect(await server.ask(['Authorization', 'bearer good'])).toEqual({ code: 200, user: tokenUser });
  });

  it('takes a good token beside a certificate that nobody knows', async () => {
    expect((await server.ask(['Authorization', 'Bearer good'], makeCertificate('stranger'))).user).toEqual(
      tokenUser,
    );
  });

  it('refuses a bad token rather than calling its bearer anonymous', async () => {
    expect(await server.ask(['Authorization', 'Bearer bad'])).toEqual({ code: 401 });
  });

  it('refuses two Authorization headers', async () => {
    expect(await server.ask(['Authorization', 'Bearer good', 'authorization', 'Bearer bad'])).toEqual({
      code: 401,
    });
  });

  it('refuses a certificate that nobody knows rather than calling its holder anonymous', async () => {
    expect(await server.ask([], makeCertificate('stranger'))).toEqual({ code: 401 });
  });

  it('calls a caller anonymous who has no credential, or one of another scheme', async () => {
    expect((await server.ask([])).user?.name).toBe('system:anonymous');
    expect((await server.ask(['Authorization', 'Basic eDp5'])).user?.name).toBe('system:anonymous');
  });

  it('answers 503 while it has not learned whom to trust, never anonymous', async () => {
    await using early = await AuthenticatingServer.start();
    expect(await early.ask(['X-Remote-User', 'jane'])).toEqual({ code: 503 });
  });
});
