import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { secretPath } from '../../src/clusters/api-paths.ts';
import { accessFromFile } from '../../src/clusters/cluster-access.ts';
import { Claims } from '../support/claims.ts';
import { CliInstall } from '../support/cli-install.ts';
import { FakeSpace } from '../support/fake-space.ts';
import { eventually, type TestConnector } from '../support/lab.ts';
import { type Ended, runCli, StoredClaims } from '../support/moved-claims.ts';
import type { ClaimApi } from '../support/platform-api.ts';
import { TestAccount } from '../support/test-account.ts';
import { isGone, TestGround } from '../support/test-ground.ts';

// Generous: the machine may be busy, and no timing is a test here.
jest.setTimeout(240_000);

let ground: TestGround;
let cli: CliInstall;
let space: FakeSpace;
let api: ClaimApi;
let claims: Claims;
let stored: StoredClaims;
let target: string;
let connector: TestConnector;
let tokenSecret: string;

function uninstall(...args: string[]): Promise<Ended> {
  return runCli([
    'uninstall',
    target,
    `--kubeconfig=${ground.app.kubeconfig}`,
    `--installation-namespace=${ground.namespace}`,
    `--release-name=${ground.name}`,
    `--helm=${cli.helm}`,
    ...args,
  ]);
}

beforeAll(async () => {
  ground = await TestGround.prepare('uninstall-token');
  cli = await CliInstall.prepare(ground);
  api = await ground.offer({ kind: 'Database', plural: 'databases' });
  stored = new StoredClaims(ground.controlPlane, api);
  target = `${ground.name}-target`;
  await ground.controlPlane.createNamespace(target);
  const account = await TestAccount.create(ground.controlPlane, ground.claimNamespace, 'behind-the-space');
  const access = accessFromFile(ground.controlPlane.kubeconfig);
  const { tls } = await access.credential();
  space = await FakeSpace.start(
    {
      controlPlane: { origin: access.server.origin, ca: String(tls.ca) },
      account: 'my-org',
      group: 'team',
      name: 'cp',
    },
    account.token,
  );
  const dir = path.dirname(ground.app.kubeconfig);
  const [tokenFile, caFile] = [path.join(dir, 'token'), path.join(dir, 'ca.pem')];
  await writeFile(tokenFile, space.organizationToken);
  await writeFile(caFile, space.ca);
  tokenSecret = secretPath(ground.namespace, `${ground.name}-upbound-token`);
  const way = [
    '--upbound-account=my-org',
    `--upbound-auth-url=https://${space.host}`,
    `--space-host=${space.host}`,
    '--control-plane-group=team',
    '--control-plane-name=cp',
    `--upbound-token-secret=${ground.name}-upbound-token`,
  ];
  connector = await ground.startConnector({
    ready: false,
    controlPlane: { kubeconfig: '' },
    flags: [`--allow=*.${ground.group}`, ...way],
  });
  const installed = await cli.with(
    `--token-file=${tokenFile}`,
    '--account=my-org',
    `--space-host=${space.host}`,
    `--space-ca=${caFile}`,
    `--set=upbound.authURL=https://${space.host},spaces.controlPlane.group=team`,
  );
  expect(installed).toMatchObject({ code: 0, stderr: '' });
  expect(installed.stdout).toContain(`secret/${ground.name}-upbound-token in ${ground.namespace} created`);
  claims = new Claims(
    ground,
    api,
    await ground.createAppNamespace('shop'),
    await ground.app.uidOfKubeSystem(),
  );
  await ground.app.client.create(claims.path(), {
    apiVersion: `${api.group}/v1`,
    kind: api.kind,
    metadata: { name: 'orders' },
    spec: { parameters: { size: 'small' }, writeConnectionSecretToRef: { name: 'orders-connection' } },
  });
  await stored.ready(ground.claimNamespace, claims.storedName('orders'));
  await eventually(() => ground.app.client.get(secretPath(claims.namespace, 'orders-connection')));
});
afterAll(async () => {
  await cli?.remove();
  await ground?.remove();
  await space?.[Symbol.asyncDispose]();
});

describe('uninstall of a connector with the token of an organization', () => {
  it.each([
    ['does not answer', 'the token exchange of localhost', () => (space.isExchangeDown = true)],
    ['refuses the token', 'does not accept the token', () => (space.organizationToken = 'org-the-next')],
  ])(
    'says with --dry-run what stays where the exchange %s, and does nothing [uninstall.token]',
    async (_title, sentence, fault) => {
      const { organizationToken } = space;
      fault();
      try {
        const { code, stdout } = await uninstall('--dry-run');
        expect(stdout).toContain(`The control plane cannot be asked (no credential for localhost`);
        expect(stdout).toContain(sentence);
        expect(stdout).toContain(`stay in its namespace ${ground.claimNamespace}`);
        expect(stdout).not.toContain(organizationToken);
        expect(code).toBe(0);
      } finally {
        Object.assign(space, { organizationToken, isExchangeDown: false });
      }
      expect((await ground.apiServices()).length).toBe(1);
      expect(await claims.names()).toEqual(['orders']);
    },
  );

  it('moves the claims with a credential of the exchange, and takes the Secret along that install has made [uninstall.token, uninstall.credentials]', async () => {
    const { exchanges } = space;
    const before = await stored.infrastructure(ground.claimNamespace, claims.storedName('orders'));

    const ended = await uninstall('--yes');

    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(ended.stdout).toContain(`secrets ${ground.namespace}/${ground.name}-upbound-token removed`);
    expect(ended.stdout).not.toContain(space.organizationToken);
    expect(space.exchanges).toBeGreaterThan(exchanges);
    await connector.stop();
    await stored.ready(target, 'orders');
    expect(await stored.infrastructure(target, 'orders')).toEqual(before);
    expect(await stored.names(ground.claimNamespace)).toEqual([]);
    expect(await ground.apiServices()).toEqual([]);
    expect(await isGone(ground.app.client, tokenSecret)).toBe(true);
    expect(await cli.run('list', '--all', '--short')).toBe('');
  });
});
