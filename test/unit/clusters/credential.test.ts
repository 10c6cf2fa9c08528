import { mkdtempSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import {
  accessFollowingFile,
  accessFromEnvironment,
  accessFromFile,
} from '../../../src/clusters/cluster-access.ts';
import { headersOf } from '../../../src/clusters/credential.ts';
import { KubeClient } from '../../../src/clusters/kube-client.ts';
import { Transport } from '../../../src/clusters/transport.ts';

const dir = mkdtempSync(path.join(os.tmpdir(), 'mcp-connector-credential-'));

function write(name: string, text: string): string {
  const file = path.join(dir, name);
  writeFileSync(file, text);
  return file;
}

function kubeconfig(user: object, server = 'https://127.0.0.1:1', cluster: object = {}): string {
  return JSON.stringify({
    clusters: [{ name: 'c', cluster: { server, ...cluster } }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  });
}

/** Of a JWT. */
function part(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

describe('a credential', () => {
  it('of a token file is read beside the kubeconfig, without its line break', async () => {
    write('token', 'from-file\n');
    const access = accessFromFile(write('a.kubeconfig', kubeconfig({ tokenFile: 'token' })));
    expect((await access.credential()).authorization).toBe('Bearer from-file');
  });

  it('of a token in the kubeconfig wins over its token file', async () => {
    const access = accessFromFile(write('b.kubeconfig', kubeconfig({ token: 'given', tokenFile: 'token' })));
    expect((await access.credential()).authorization).toBe('Bearer given');
  });

  it('says when it ends, where the token does', async () => {
    const token = `${part({ alg: 'none' })}.${part({ exp: 1_800_000_000 })}.sig`;
    const access = accessFromFile(write('c.kubeconfig', kubeconfig({ token })));
    expect((await access.credential()).expiresAt).toBe(1_800_000_000_000);
  });

  it('of a followed kubeconfig changes with it for the same server, and for no other', async () => {
    const file = write('d.kubeconfig', kubeconfig({ token: 'one' }));
    const access = accessFollowingFile(file);
    const one = await access.credential();
    write('d.kubeconfig', kubeconfig({ token: 'two' }));
    const two = await access.renewed(one);
    expect(two?.authorization).toBe('Bearer two');
    write('d.kubeconfig', kubeconfig({ token: 'three' }, 'https://127.0.0.1:2'));
    expect(await access.renewed(two ?? one)).toBeUndefined();
    write('d.kubeconfig', 'neither JSON nor {');
    expect(await access.renewed(two ?? one)).toBeUndefined();
  });
});

describe('whom a kubeconfig acts as', () => {
  it('changes the credential, and escapes what a header cannot be called', async () => {
    const user = { token: 'one', as: 'jane', 'as-user-extra': { 'example.org/scopes%': ['a', 'b'] } };
    const file = write('f.kubeconfig', kubeconfig({ token: 'one' }));
    const access = accessFollowingFile(file);
    const plain = await access.credential();
    expect(plain.impersonation).toBeUndefined();
    write('f.kubeconfig', kubeconfig(user));
    const acting = await access.renewed(plain);
    expect(headersOf(acting ?? plain)).toEqual({
      authorization: 'Bearer one',
      'impersonate-user': 'jane',
      'impersonate-extra-example.org%2Fscopes%25': ['a', 'b'],
    });
  });

  it('is nobody of it where one request is made as somebody else, groups included [agent.impersonation.whole]', async () => {
    const user = { token: 'one', as: 'admin', 'as-groups': ['system:masters'] };
    const credential = await accessFromFile(write('h.kubeconfig', kubeconfig(user))).credential();
    expect(headersOf(credential, { 'impersonate-user': 'agent:alice' })).toEqual({
      authorization: 'Bearer one',
      'impersonate-user': 'agent:alice',
    });
    expect(headersOf(credential, { accept: 'text/plain' })).toEqual({
      authorization: 'Bearer one',
      'impersonate-user': 'admin',
      'impersonate-group': ['system:masters'],
      accept: 'text/plain',
    });
  });

  it.each([{ 'as-uid': '1' }, { 'as-groups': ['admins'] }, { 'as-user-extra': { scopes: ['a'] } }])(
    'is refused without a name: %o [serve.process.impersonate]',
    (fields) => {
      const file = write('g.kubeconfig', kubeconfig({ token: 'one', ...fields }));
      expect(() => accessFromFile(file)).toThrow(
        'the kubeconfig\'s user has as-uid, as-groups or as-user-extra without "as"; add the user\'s name as "as", or leave them out',
      );
    },
  );
});

describe('the kubeconfig that nobody named', () => {
  const before = process.env['KUBECONFIG'];
  afterEach(() => {
    if (before === undefined) delete process.env['KUBECONFIG'];
    else process.env['KUBECONFIG'] = before;
  });

  it('is merged of the files in KUBECONFIG that exist, the first of each name counts, and its user acts as whom it says', async () => {
    const user = { tokenFile: 'token', as: 'jane', 'as-groups': ['admins'] };
    const one = write(
      'i.kubeconfig',
      JSON.stringify({ users: [{ name: 'u', user }], 'current-context': 'x' }),
    );
    const two = write('j.kubeconfig', kubeconfig({ token: 'not this' }));
    process.env['KUBECONFIG'] = [path.join(dir, 'none'), one, two].join(path.delimiter);
    const access = accessFromEnvironment();
    expect(access.server.host).toBe('127.0.0.1:1');
    expect(headersOf(await access.credential())).toEqual({
      authorization: 'Bearer from-file',
      'impersonate-user': 'jane',
      'impersonate-group': ['admins'],
    });
  });

  it('is named where it does not exist', () => {
    process.env['KUBECONFIG'] = path.join(dir, 'none');
    expect(() => accessFromEnvironment()).toThrow(
      `no kubeconfig found: KUBECONFIG names ${path.join(dir, 'none')}, which does not exist; name one with --kubeconfig`,
    );
  });
});

describe('what a kubeconfig says twice, or by others', () => {
  it('counts as data before it counts as a file, as in client-go', async () => {
    write('ca.crt', 'of the file');
    const caOf = async (cluster: object): Promise<string> => {
      const { tls } = await accessFromFile(
        write('k.kubeconfig', kubeconfig({}, undefined, cluster)),
      ).credential();
      return String(tls.ca);
    };
    const file = { 'certificate-authority': 'ca.crt' };
    expect(await caOf(file)).toBe('of the file');
    const data = { 'certificate-authority-data': Buffer.from('of the data').toString('base64') };
    expect(await caOf({ ...file, ...data })).toBe('of the data');
  });

  it('is a password, or what an auth-provider gives', async () => {
    const password = accessFromFile(write('l.kubeconfig', kubeconfig({ username: 'a', password: 'b' })));
    expect((await password.credential()).authorization).toBe(`Basic ${btoa('a:b')}`);
    const config = { 'access-token': 'provided', expiry: new Date(Date.now() + 3_600_000).toISOString() };
    const provider = { 'auth-provider': { name: 'gcp', config } };
    const provided = accessFromFile(write('m.kubeconfig', kubeconfig(provider)));
    expect((await provided.credential()).authorization).toBe('Bearer provided');
  });
});

describe('a client of the leader', () => {
  it('writes nothing while the Lease is not held, and reads on [replicas.lease.fence]', async () => {
    const access = accessFromFile(write('e.kubeconfig', kubeconfig({ token: 'one' })));
    const client = new KubeClient(new Transport(access), 'test', () => false);
    await expect(client.create('/api/v1/namespaces', {})).rejects.toMatchObject({ code: 'lease-lost' });
    await expect(client.get('/api/v1/namespaces')).rejects.toMatchObject({ code: 'unreachable' });
  });
});
