import { mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import { DefinitionsFile } from '../../../../src/agent/console/definitions-file.ts';
import { DefinitionsConflict } from '../../../../src/agent/console/definitions-store.ts';
import { ConsoleClient } from '../../../support/console-client.ts';
import { startConsole } from '../../../support/console-ground.ts';

const byHand = `# Made by hand.
servers:
  - name: first
    description: The first. # not the last
    timeoutSeconds: 45
    controlPlane: { kubeconfig: { file: cp.kubeconfig, context: admin } }
    authentication:
      tokens:
        - { name: robot, groups: [ builders ], file: robot.token }
    rateLimits: { read: { perMinute: 100, burst: 7 }, concurrent: 3 }
    audit: { logPath: "-" }
  # The second is below.
  - name: second
    controlPlane: { inCluster: true }
    authentication: { anonymous: true }
`;

const lines = (text: string): string[] => text.split('\n');

/** A kubeconfig of one user and one cluster. */
const config = (user: object, cluster: object = {}): string =>
  JSON.stringify({
    'current-context': 'x',
    contexts: [{ name: 'x', context: { cluster: 'x', user: 'x' } }],
    clusters: [{ name: 'x', cluster: { server: 'https://cp.example.org', ...cluster } }],
    users: [{ name: 'x', user }],
  });

describe('what the console deploys', () => {
  it('is a definition without any secret; those are files that nobody else can read, and a token is shown once [agent.console.secrets]', async () => {
    await using ground = await startConsole();
    const client = await ConsoleClient.signedIn(ground.url);
    const draft = await client.fillIn('crossplane');
    const deployed = await client.post(`${draft}/deploy`);
    expect([deployed.status, deployed.headers.get('location')]).toEqual([303, '/console/servers/crossplane']);
    // A page of another tab does not take it away.
    expect((await client.get('/console/catalogue')).text).not.toContain('mcpgw_');
    const { text } = await client.get('/console/servers/crossplane');
    const token = /mcpgw_[\w-]{43}/.exec(text)?.[0] ?? '';
    expect(token).not.toBe('');
    expect((await client.get('/console/servers/crossplane')).text).not.toContain('mcpgw_');
    const definitions = await ground.definitions();
    expect(definitions).not.toMatch(/mcpgw_|upstream-secret/);
    const files = await readdir(ground.credentials);
    const secrets = await Promise.all(files.map((file) => readFile(`${ground.credentials}/${file}`, 'utf8')));
    expect(secrets.toSorted()).toEqual([token, 'upstream-secret'].toSorted());
    for (const file of files) {
      expect((await stat(`${ground.credentials}/${file}`)).mode & 0o777).toBe(0o600);
      expect(definitions).toContain(`${ground.credentials}/${file}`);
    }
  });

  it('shows nothing of a secret that was given, in no later step [agent.console.secrets]', async () => {
    await using ground = await startConsole();
    const client = await ConsoleClient.signedIn(ground.url);
    const draft = await client.fillIn('crossplane');
    for (const step of ['name', 'behaviour', 'control-plane', 'callers', 'limits', 'review'])
      expect((await client.get(`${draft}/${step}`)).text).not.toContain('upstream-secret');
  });

  it('leaves alone what others wrote: comments, order, other servers, and fields that no form has [agent.console.edit]', async () => {
    await using ground = await startConsole();
    await ground.edit(byHand);
    const client = await ConsoleClient.signedIn(ground.url);
    const started = await client.post('/console/servers/first/edit');
    const draft = (started.headers.get('location') ?? '').replace(/\/name$/, '');
    expect((await client.get(`${draft}/behaviour`)).text).toContain('value="45"');
    const fields = new URLSearchParams({ timeout: '20', style: 'named' });
    for (const toolset of [
      'xrd',
      'composition',
      'package',
      'environment',
      'operation',
      'protection',
      'claim',
      'insight',
    ])
      fields.append('toolsets', toolset);
    expect((await client.post(`${draft}/behaviour`, fields)).status).toBe(303);
    expect((await client.post(`${draft}/deploy`)).status).toBe(303);
    const after = lines(await ground.definitions());
    const gone = lines(byHand).filter((line) => !after.includes(line));
    expect(gone).toEqual([
      '    timeoutSeconds: 45',
      '    rateLimits: { read: { perMinute: 100, burst: 7 }, concurrent: 3 }',
    ]);
    expect(after.join('\n')).toMatch(/perMinute: 100\n\s+burst: 7\n/);
    expect(after).toContain('    timeoutSeconds: 20');
    expect(after.join('\n')).toContain('concurrent: 3');
  });

  it('never overwrites what somebody else changed since the change was begun [agent.console.conflict]', async () => {
    await using ground = await startConsole();
    await ground.edit(byHand);
    const client = await ConsoleClient.signedIn(ground.url);
    const begin = async (): Promise<string> =>
      ((await client.post('/console/servers/first/edit')).headers.get('location') ?? '').replace(
        /\/name$/,
        '',
      );
    const draft = await begin();
    const theirs = byHand.replace('timeoutSeconds: 45', 'timeoutSeconds: 50');
    await ground.edit(theirs);
    const refused = await client.post(`${draft}/deploy`);
    expect(refused.status).toBe(409);
    expect(await refused.text()).toContain('first was changed by somebody else since you began');
    expect(await ground.definitions()).toBe(theirs);
    // Another server's change is nobody's conflict.
    const other = await begin();
    await ground.edit(theirs.replace('name: second', 'name: renamed'));
    expect((await client.post(`${other}/deploy`)).status).toBe(303);
    expect(await ground.definitions()).toContain('name: renamed');
    // A name that was taken in between.
    const fresh = await client.fillIn('crossplane', { 'name.name': 'first' });
    const taken = await client.post(`${fresh}/deploy`);
    expect([taken.status, await taken.text()]).toEqual([
      409,
      expect.stringContaining('There is a server named first already'),
    ]);
    await expect(readdir(ground.credentials)).resolves.toEqual([]);
  });

  it('is never a definition that the gateway would refuse; of one that is wrong already it says why [agent.console.validated]', async () => {
    await using ground = await startConsole({
      problem: () => 'servers.yaml: servers[0] ("first") needs something',
    });
    await ground.edit('servers:\n  - name: first\n    tiemout: 3\n');
    const client = await ConsoleClient.signedIn(ground.url);
    expect((await client.get('/console/servers')).text).toContain('has no field tiemout');
    const draft = await client.fillIn('crossplane');
    const refused = await client.post(`${draft}/deploy`);
    expect([refused.status, await refused.text()]).toEqual([
      422,
      expect.stringContaining('has no field tiemout'),
    ]);
    expect(await ground.definitions()).not.toContain('crossplane');
    const wrong: [step: string, fields: Record<string, string>, sentence: string][] = [
      ['name', { name: 'Not a name', description: 'x' }, 'The name has to be'],
      [
        'behaviour',
        { timeout: '61', toolsets: 'xrd', production: 'yes' },
        'The time-out has to be a whole number from 5 to 60',
      ],
      ['behaviour', { timeout: '30', production: 'yes' }, 'Choose at least one group of tools'],
      [
        'control-plane',
        { way: 'url', url: 'http://insecure.example.org', token: 'x' },
        'The address has to be an https URL',
      ],
      [
        'limits',
        { reads: '-1', creates: '1', destructive: '1', log: 'stdout' },
        'Reads has to be a whole number',
      ],
      ['limits', { reads: '1', creates: '1', destructive: '1', log: 'none' }, 'has to keep an audit log'],
    ];
    for (const [step, fields, sentence] of wrong) {
      const answer = await client.post(`${draft}/${step}`, fields);
      expect([answer.status, await answer.text()]).toEqual([422, expect.stringContaining(sentence)]);
    }
  });

  it('gives each caller a token of its own, renews and takes back one alone [agent.console.callers]', async () => {
    await using ground = await startConsole();
    const client = await ConsoleClient.signedIn(ground.url);
    await client.post(`${await client.fillIn('crossplane')}/deploy`);
    const page = '/console/servers/crossplane';
    const shown = async (): Promise<string> =>
      /mcpgw_[\w-]{43}/.exec((await client.get(page)).text)?.[0] ?? '';
    const first = await shown();
    await client.post(`${page}/callers/add`, { caller: 'robot' });
    const robot = await shown();
    const stored = async (): Promise<string[]> => {
      const files = (await readdir(ground.credentials)).filter((file) => file.includes('.caller.'));
      return await Promise.all(files.map((file) => readFile(`${ground.credentials}/${file}`, 'utf8')));
    };
    expect((await stored()).toSorted()).toEqual([first, robot].toSorted());
    await client.post(`${page}/callers/renew`, { caller: 'agent' });
    const renewed = await shown();
    expect(renewed).not.toBe(first);
    expect((await stored()).toSorted()).toEqual([renewed, robot].toSorted());
    await client.post(`${page}/callers/remove`, { caller: 'agent' });
    expect(await stored()).toEqual([robot]);
    expect((await client.post(`${page}/callers/remove`, { caller: 'robot' })).status).toBe(409);
    expect((await client.post(`${page}/callers/add`, { caller: 'robot' })).status).toBe(409);
    expect(await stored()).toEqual([robot]);
    await client.post(`${page}/remove`);
    expect(await readdir(ground.credentials)).toEqual([]);
    expect(await ground.definitions()).not.toContain('crossplane');
  });

  it('takes no kubeconfig that would run a program or read files of the gateway [agent.console.kubeconfig]', async () => {
    await using ground = await startConsole();
    const client = await ConsoleClient.signedIn(ground.url);
    const draft = await client.fillIn('crossplane');
    const refused: [string, string][] = [
      [config({ exec: { apiVersion: 'client.authentication.k8s.io/v1', command: 'sh' } }), 'runs a program'],
      [config({ tokenFile: '/var/run/secrets/kubernetes.io/serviceaccount/token' }), 'names files'],
      [config({ 'client-certificate': '/etc/x', 'client-key': '/etc/y' }), 'names files'],
      [config({ token: 'x' }, { 'certificate-authority': '/etc/passwd' }), 'names files'],
      [config({ token: 'x' }, { server: 'http://cp.example.org' }), 'without TLS'],
      ['not a kubeconfig: [', 'cannot be used'],
    ];
    for (const [kubeconfig, sentence] of refused) {
      const answer = await client.post(`${draft}/control-plane`, { way: 'kubeconfig', kubeconfig });
      expect([answer.status, await answer.text()]).toEqual([422, expect.stringContaining(sentence)]);
    }
    const good = await client.post(`${draft}/control-plane`, {
      way: 'kubeconfig',
      kubeconfig: config({ token: 'x' }),
    });
    expect(good.status).toBe(303);
  });

  it('sends a stored token to no other server than the one it was given for [agent.console.stored]', async () => {
    await using ground = await startConsole();
    const client = await ConsoleClient.signedIn(ground.url);
    await client.post(`${await client.fillIn('crossplane')}/deploy`);
    const started = await client.post('/console/servers/crossplane/edit');
    const draft = (started.headers.get('location') ?? '').replace(/\/name$/, '');
    const url = 'https://attacker.example';
    const saved = await client.post(`${draft}/control-plane`, { way: 'url', url });
    expect([saved.status, await saved.text()]).toEqual([
      422,
      expect.stringContaining('Give the bearer token'),
    ]);
    const tested = await client.post(`${draft}/test`, { way: 'url', url });
    expect(await tested.json()).toMatchObject({ tone: 'failed', checks: [{ subject: 'Form' }] });
    const same = await client.post(`${draft}/control-plane`, {
      way: 'url',
      url: 'https://control-plane.example.org/path',
    });
    expect(same.status).toBe(303);
  });
});

describe('where definitions are kept', () => {
  it('a file is replaced whole, with its rights, and only in the version that was read [agent.console.storage]', async () => {
    await using ground = await startConsole();
    await mkdir(`${ground.folder}/store`);
    const file = new DefinitionsFile(`${ground.folder}/store/servers.yaml`);
    const first = await file.read();
    expect(first.text).toBe('');
    await file.write('one', first.version);
    await expect(file.write('two', first.version)).rejects.toThrow(DefinitionsConflict);
    const { version } = await file.read();
    const both = await Promise.allSettled([file.write('two', version), file.write('three', version)]);
    expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(await readFile(file.place, 'utf8')).toBe('two');
    expect((await stat(file.place)).mode & 0o777).toBe(0o600);
    expect(await readdir(`${ground.folder}/store`)).toEqual(['servers.yaml']);
  });
});
