import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { secretPath } from '../../src/clusters/api-paths.ts';
import { accessFromFile } from '../../src/clusters/cluster-access.ts';
import { askDirectly, certificateOf } from '../support/api-request.ts';
import { ClaimLoad } from '../support/claim-load.ts';
import { Claims } from '../support/claims.ts';
import { FakeSpace } from '../support/fake-space.ts';
import { eventually, type TestConnector } from '../support/lab.ts';
import type { ClaimApi } from '../support/platform-api.ts';
import { TestAccount } from '../support/test-account.ts';
import { TestGround } from '../support/test-ground.ts';

// Generous: the machine may be busy, and no timing is a test here.
jest.setTimeout(240_000);

const secretName = 'organization';
let ground: TestGround;
let api: ClaimApi;
let claims: Claims;
let space: FakeSpace;
let connector: TestConnector;

beforeAll(async () => {
  ground = await TestGround.prepare('space-token');
  api = await ground.offer({ kind: 'Database', plural: 'databases' });
  const account = await TestAccount.create(ground.controlPlane, ground.claimNamespace, 'behind-the-space');
  const access = accessFromFile(ground.controlPlane.kubeconfig);
  const { tls } = await access.credential();
  space = await FakeSpace.start(
    {
      controlPlane: { origin: access.server.origin, ca: String(tls.ca) },
      account: 'my-org',
      group: 'team',
      name: 'my-control-plane',
    },
    account.token,
  );
  await ground.app.client.create(secretPath(ground.namespace), {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: secretName, namespace: ground.namespace },
    stringData: { token: `${space.organizationToken}\n`, 'ca.crt': space.ca },
  });
  connector = await start();
  await ground.available(api);
  const namespace = await ground.createAppNamespace('users');
  claims = new Claims(ground, api, namespace, await ground.app.uidOfKubeSystem());
  await claims.create('kept');
});
afterAll(async () => {
  await ground?.remove();
  await space?.[Symbol.asyncDispose]();
});

beforeEach(() => {
  space.lifetimeMs = 3_600_000;
  space.isExchangeDown = false;
  space.isSilentAboutExpiry = false;
});

function start(account = 'my-org', ready = true): Promise<TestConnector> {
  return ground.startConnector({
    ready,
    controlPlane: { kubeconfig: '' },
    flags: [
      `--allow=*.${ground.group}`,
      `--upbound-token-secret=${secretName}`,
      `--upbound-account=${account}`,
      `--upbound-auth-url=https://${space.host}`,
      `--space-host=${space.host}`,
      '--control-plane-group=team',
      '--control-plane-name=my-control-plane',
    ],
  });
}

async function putToken(token: string): Promise<void> {
  await ground.app.client.patch(secretPath(ground.namespace, secretName), { stringData: { token } });
}

/** The connector as operators see it. */
async function readyz(): Promise<string> {
  return (await connector.process.probe('/readyz')).body;
}

async function serves(): Promise<void> {
  await eventually(async () => expect(await claims.names()).toEqual(['kept']));
}

/** Tokens exchanged before this moment are taken back, and the next has this lifetime. */
async function shortLived(ms: number): Promise<void> {
  space.lifetimeMs = ms;
  const before = space.exchanges;
  space.revokeIssued();
  await eventually(() => expect(space.exchanges).toBeGreaterThan(before));
  await serves();
  // A source that was asked a moment ago is not asked again: that would be done by every request that is refused.
  await delay(1_100);
}

describe('the token of an organization', () => {
  it('is exchanged as documented, and leads to the control plane of the Space [install.token.exchange]', async () => {
    expect(await claims.names()).toEqual(['kept']);
    expect(space.exchanges).toBe(1);
    expect(await readyz()).toContain('[+]control-plane ok');
    await eventually(async () => {
      const client = await certificateOf(ground.app);
      const { text } = await askDirectly(connector.url, '/metrics', { client });
      const ends = Number(/^mcp_connector_credential_expiration_timestamp_seconds (\S+)$/m.exec(text)?.[1]);
      expect(ends).toBeGreaterThan(Date.now() / 1000 + 3_000);
    });
  });

  it('gives a new credential before the old one ends, and no request fails [install.token.renewal]', async () => {
    await shortLived(12_000);
    const { exchanges, refusals } = space;
    const loadNamespace = await ground.createAppNamespace('load');
    const load = new ClaimLoad(
      ground.app,
      new Claims(ground, api, loadNamespace, await ground.app.uidOfKubeSystem()),
    );
    await load.start();
    await eventually(() => expect(space.exchanges).toBeGreaterThanOrEqual(exchanges + 3), {
      timeoutMs: 120_000,
    });
    const stored = `/apis/${api.group}/v1/namespaces/${ground.claimNamespace}/${api.plural}`;
    const report = await load.finish(ground.controlPlane.client, stored);
    expect(report).toMatchObject({ refused: {}, unanswered: 0, lost: [], falselyDeleted: [] });
    expect(report.acknowledgedWrites).toBeGreaterThan(20);
    expect(space.refusals).toBe(refusals);
  });

  it('gives another credential at once where the Space takes the one in use back [install.token.revoked]', async () => {
    await shortLived(3_600_000);
    const before = space.exchanges;
    space.revokeIssued();
    // The request that is refused is sent again with the new one: nobody sees a 401.
    expect(await claims.names()).toEqual(['kept']);
    expect(space.exchanges).toBe(before + 1);
  });

  it('is not needed while the credential in use is valid, and data is refused after that until it is back [install.token.outage]', async () => {
    await shortLived(30_000);
    space.isExchangeDown = true;
    await eventually(async () =>
      expect(await readyz()).toMatch(/\[!\]control-plane warns: the token of the Space cannot be renewed: /),
    );
    expect(await claims.names()).toEqual(['kept']);
    await eventually(
      async () => {
        const { status, text } = await ground.app.ask(claims.path());
        expect(status).toBe(503);
        expect(text).toContain('no credential for localhost');
      },
      { timeoutMs: 60_000 },
    );
    expect(await ground.apiServices()).toHaveLength(1);
    space.lifetimeMs = 3_600_000;
    space.isExchangeDown = false;
    await serves();
  });

  it('that is withdrawn is named, and a new one in the Secret counts without a restart [install.token.withdrawn]', async () => {
    const withdrawn = space.organizationToken;
    space.organizationToken = 'org-the-next';
    space.revokeIssued();
    await eventually(async () =>
      expect(await readyz()).toMatch(/does not accept the token for the account "my-org" \(401\)/),
    );
    expect((await ground.app.ask(claims.path())).status).toBe(503);
    await putToken('org-the-next');
    await serves();
    const said = await connector.stderr();
    for (const token of [withdrawn, 'org-the-next', 'of-the-space-']) expect(said).not.toContain(token);
  });

  it('without a word about its end is used until it is refused [install.token.revoked]', async () => {
    space.isSilentAboutExpiry = true;
    await shortLived(3_600_000);
    const before = space.exchanges;
    space.revokeIssued();
    expect(await claims.names()).toEqual(['kept']);
    expect(space.exchanges).toBe(before + 1);
  });

  it('of another account is named with the account [install.token.withdrawn]', async () => {
    await connector.stop();
    connector = await start('other-org', false);
    await eventually(async () => {
      expect(await connector.stderr()).toContain(
        'does not accept the token for the account \\"other-org\\" (403)',
      );
    });
  });
});
