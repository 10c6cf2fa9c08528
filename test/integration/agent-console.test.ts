import { readdir, readFile, stat } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { CallRecord } from '../../src/agent/audit/call-record.ts';
import { CredentialSecret } from '../../src/agent/console/credential-stores.ts';
import { DefinitionsConfigMap } from '../../src/agent/console/definitions-config-map.ts';
import { DefinitionsConflict } from '../../src/agent/console/definitions-store.ts';
import { accessFromFile } from '../../src/clusters/cluster-access.ts';
import { KubeClient } from '../../src/clusters/kube-client.ts';
import { Transport } from '../../src/clusters/transport.ts';
import { consolePassword, type ConsoleGround, startConsole } from '../support/console-ground.ts';
import { Person } from '../support/console-person.ts';
import { type Browser, startBrowser } from '../support/browser.ts';
import { deleteIfThere } from '../support/platform-api.ts';
import { sharedLab } from '../support/lab.ts';

jest.setTimeout(120_000);

const stored = 'agent-console-test';
let browser: Browser;
let axe: string;
let ground: ConsoleGround;
let kubeconfig: string;

beforeAll(async () => {
  kubeconfig = await readFile(sharedLab().controlPlane.kubeconfig, 'utf8');
  ground = await startConsole();
  await ground.edit(`# By hand.
servers:
  - name: seeded
    description: Was there before.
    controlPlane: { kubeconfig: { file: ${sharedLab().controlPlane.kubeconfig} } }
    authentication: { tokens: [ { name: robot, file: robot.token } ] }
    audit: { logPath: "-" }
`);
  // The first run installs it.
  ({ browser, axe } = await startBrowser());
}, 300_000);

afterAll(async () => {
  await browser?.close();
  await ground?.[Symbol.asyncDispose]();
});

function person(): Promise<Person> {
  return Person.in(browser, ground.url);
}

describe('the console in a browser, by keyboard alone', () => {
  it('takes a person from the catalogue to a server that is deployed, with a tested connection [agent.console.wizard, agent.console.test]', async () => {
    await using anna = await person();
    await anna.open('/console');
    await anna.type('wrong-horse-battery');
    await anna.press('Enter');
    await anna.sees('That is not the console');
    await anna.type(consolePassword);
    await anna.press('Enter');
    await anna.isAt('/console/servers');

    await anna.use('Catalogue');
    await anna.isAt('/console/catalogue');
    await anna.focus('Search the catalogue');
    await anna.type('whole control plane');
    await anna.press('Enter');
    await anna.sees('One entry for');
    await anna.use('Set up');
    await anna.isAt('/name');

    await anna.focus('Name', 'INPUT');
    await anna.replace('Not A Name');
    await anna.use('Continue');
    await anna.sees('One thing needs another look');
    // The focus is where the fault is told, and its link leads to the field.
    expect(await anna.focused()).toContain('One thing needs another look');
    await anna.use('The name has to be');
    await anna.replace('platform');
    await anna.use('Continue');
    await anna.isAt('/behaviour');
    await anna.focus('Time-out of a call');
    await anna.replace('45');
    await anna.use('Continue');
    await anna.isAt('/control-plane');

    await anna.focus('Kubeconfig', 'TEXTAREA');
    await anna.type(kubeconfig.replace(sharedLab().controlPlane.server, 'https://127.0.0.1:1'));
    await anna.use('Test the connection');
    await anna.sees('The connection does not work yet.');
    await anna.sees('127.0.0.1:1 refuses connections.');
    await anna.back('Kubeconfig', 'TEXTAREA');
    await anna.replace(kubeconfig);
    await anna.use('Test the connection');
    await anna.sees('The connection works');
    const result = await anna.text('#test-result');
    expect(result).toMatch(/Reachable\s+OK\s+127\.0\.0\.1:\d+ answers, Kubernetes v1\./);
    expect(result).toMatch(/Account\s+OK\s+the credential is that of /);
    expect(result).toMatch(/Crossplane 1\.x with \d+ kinds: .*CompositeResourceDefinition v1/);
    expect(result).toMatch(/Compositions\s+OK\s+the account has all rights/);
    expect(await anna.attribute('#test-result', 'aria-live')).toBe('polite');
    await anna.use('Continue');
    await anna.isAt('/callers');
    await anna.use('Continue');
    await anna.isAt('/limits');
    await anna.use('Continue to the review');
    await anna.isAt('/review');
    await anna.sees('The connection works');
    await anna.sees('45 seconds');
    // A reload loses nothing.
    await anna.reload();
    await anna.sees('45 seconds');
    await anna.use('Deploy the server');
    await anna.isAt('/console/servers/platform');
    await anna.sees('platform is deployed.');
    const token = /mcpgw_[\w-]{43}/.exec(await anna.text('main'))?.[0] ?? '';
    expect(token).not.toBe('');
    await anna.sees(`${ground.url}/mcp/platform`);
    await anna.reload();
    expect(await anna.text('main')).not.toContain(token);

    const files = await readdir(ground.credentials);
    expect(files).toHaveLength(2);
    for (const file of files) expect((await stat(`${ground.credentials}/${file}`)).mode & 0o777).toBe(0o600);
    expect(await ground.definitions()).not.toMatch(/mcpgw_|certificate-authority-data|client-key/);
  });

  it('changes a server that is deployed, and tells what stays [agent.console.wizard]', async () => {
    await using anna = await person();
    await anna.signIn('/console/servers/seeded');
    await anna.use('Edit');
    await anna.isAt('/name');
    await anna.use('Limits and log');
    await anna.isAt('/limits');
    await anna.focus('Reads');
    await anna.replace('60');
    await anna.use('Continue to the review');
    await anna.sees('60 a minute');
    await anna.use('Save the changes');
    await anna.sees('The changes are saved, and take effect now.');
    await anna.sees('60 reads');
    expect(await ground.definitions()).toMatch(/^# By hand\.[^]*read:\s+perMinute: 60/);
    // The kubeconfig that is stored is tested as it stands.
    await anna.use('Edit');
    await anna.isAt('/name');
    await anna.use('Control plane');
    await anna.isAt('/control-plane');
    await anna.use('Test the connection');
    await anna.sees('The connection works');
  });

  it('shows calls as they come, newest first, and stands still while it is paused [agent.console.calls]', async () => {
    await using anna = await person();
    await anna.signIn('/console/calls');
    await anna.sees('Waiting for the first call');
    ground.calls.write(call('list_xrds'));
    ground.calls.write(call('<img src=x onerror=alert(1)>'));
    await anna.sees('list_xrds');
    expect(await anna.firstCells()).toEqual(['<img src=x onerror=alert(1)>', 'list_xrds']);
    await anna.use('Pause');
    ground.calls.write(call('delete_xrd'));
    await anna.sees('Paused, with 1 more waiting.');
    expect(await anna.firstCells()).toHaveLength(2);
    await anna.use('Go on');
    await anna.sees('delete_xrd');
    expect((await anna.firstCells())[0]).toBe('delete_xrd');
    for (let at = 0; at < 250; at++) ground.calls.write(call(`tool_${at}`));
    await anna.sees('tool_249');
    expect(await anna.firstCells()).toHaveLength(200);
  });

  it('says that it is over when somebody has signed out, and leads back after the sign-in [agent.console.session]', async () => {
    await using anna = await person();
    await anna.signIn('/console/status');
    await anna.use('Sign out');
    await anna.sees('You are signed out.');
    await anna.open('/console/servers/seeded');
    await anna.isAt('/console/sign-in');
    await anna.type(consolePassword);
    await anna.press('Enter');
    await anna.isAt('/console/servers/seeded');
  });
});

describe('the pages of the console', () => {
  const pages = [
    '/console/servers',
    '/console/catalogue',
    '/console/calls',
    '/console/status',
    '/console/servers/seeded',
    '/console/servers/seeded/remove',
  ];

  async function everyPage(visit: (anna: Person, page: string) => Promise<void>): Promise<void> {
    await using anna = await person();
    await anna.open('/console/sign-in');
    await visit(anna, 'sign-in');
    await anna.signIn('/console/servers');
    for (const page of pages) {
      await anna.open(page);
      await visit(anna, page);
    }
    const draft = await anna.startEditing('seeded');
    for (const step of ['name', 'behaviour', 'control-plane', 'callers', 'limits', 'review']) {
      await anna.open(`${draft}/${step}`);
      await visit(anna, step);
    }
    await anna.open(`${draft}/limits`);
    await anna.focus('Reads');
    await anna.replace('many');
    await anna.use('Continue to the review');
    await anna.sees('One thing needs another look');
    await visit(anna, 'a refused step');
  }

  it('have no fault that axe finds, and text of at least 4.5 to 1, light and dark [agent.console.accessible]', async () => {
    const faults: string[] = [];
    let looked = 0;
    await everyPage(async (anna, page) => {
      for (const theme of ['light', 'dark'] as const) {
        await anna.prefers(theme);
        faults.push(...(await anna.accessibilityFaults(axe)).map((fault) => `${page}, ${theme}: ${fault}`));
        const { least, where } = await anna.contrast();
        looked++;
        if (least < 4.5) faults.push(`${page}, ${theme}: ${least.toFixed(2)} to 1: ${where}`);
      }
    });
    expect(faults).toEqual([]);
    expect(looked).toBe(28);
  }, 180_000);

  it('fit a window of 320 pixels without scrolling sideways [agent.console.narrow]', async () => {
    const wide: string[] = [];
    await everyPage(async (anna, page) => {
      await anna.resize(320, 640);
      const width = await anna.pageWidth();
      if (width > 320) wide.push(`${page}: ${width}`);
    });
    expect(wide).toEqual([]);
  });

  it('load nothing from elsewhere and break their policy nowhere; a script that gets in does not run [agent.console.policy]', async () => {
    await using anna = await person();
    await anna.signIn('/console/servers');
    for (const page of pages) await anna.open(page);
    expect(anna.foreignRequests).toEqual([]);
    expect(anna.violations).toEqual([]);
    expect(anna.errors).toEqual([]);
    await anna.tryScripts();
    expect(anna.violations.length).toBeGreaterThanOrEqual(3);
    expect(await anna.hasRun()).toBe(false);
  });

  it('follow the theme of the system, and the switch before it, also on the next page [agent.console.theme]', async () => {
    await using anna = await person();
    await anna.signIn('/console/servers');
    await anna.prefers('dark');
    const dark = await anna.background();
    await anna.prefers('light');
    const light = await anna.background();
    expect(dark).not.toBe(light);
    await anna.use('Theme: system');
    await anna.use('Theme: light');
    await anna.open('/console/catalogue');
    expect(await anna.background()).toBe(dark);
    await anna.use('Theme: dark');
    expect(await anna.background()).toBe(light);
  });
});

describe('where the console keeps definitions in a cluster', () => {
  it('a ConfigMap is changed by its resourceVersion, and credentials are keys of a Secret [agent.console.storage]', async () => {
    await using transport = new Transport(accessFromFile(sharedLab().app.kubeconfig));
    const client = new KubeClient(transport);
    const clear = async (): Promise<void> => {
      for (const plural of ['configmaps', 'secrets'])
        await deleteIfThere(client, `${place(plural)}/${stored}`);
    };
    await clear();
    const metadata = { name: stored };
    await client.create(place('configmaps'), { metadata, data: { 'servers.yaml': 'one', other: 'stays' } });
    await client.create(place('secrets'), { metadata });
    try {
      const map = new DefinitionsConfigMap(client, 'default', stored, 'servers.yaml');
      const { text, version } = await map.read();
      expect(text).toBe('one');
      await map.write('two', version);
      await expect(map.write('three', version)).rejects.toThrow(DefinitionsConflict);
      expect(await client.get(`${place('configmaps')}/${stored}`)).toMatchObject({
        data: { 'servers.yaml': 'two', other: 'stays' },
      });
      const secret = new CredentialSecret(client, 'default', stored, '/etc/agent');
      await secret.write('a.token.1', 'hush');
      await secret.write('b.token.1', 'quiet');
      expect(secret.pathOf('a.token.1')).toBe('/etc/agent/a.token.1');
      await secret.remove('/elsewhere/b.token.1');
      await secret.remove('/etc/agent/a.token.1');
      const { data } = await client.get<{ data: object }>(`${place('secrets')}/${stored}`);
      expect(data).toEqual({ 'b.token.1': Buffer.from('quiet').toString('base64') });
      expect(() => secret.pathOf('../x')).toThrow('cannot be the name of a credential');
    } finally {
      await clear();
    }
  });
});

function call(tool: string): CallRecord {
  return {
    time: new Date().toISOString(),
    server: 'platform',
    caller: 'agent',
    via: 'token',
    tool,
    effect: 'read',
    arguments: { limit: 5 },
    outcome: 'done',
    auditIds: [],
    writes: [],
    durationMs: 4,
  };
}

function place(plural: string): string {
  return `/api/v1/namespaces/default/${plural}`;
}
