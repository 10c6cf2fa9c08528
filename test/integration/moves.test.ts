import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type Ended, runCli, StoredClaims } from '../support/moved-claims.ts';
import type { ClaimApi } from '../support/platform-api.ts';
import { TestGround } from '../support/test-ground.ts';

jest.setTimeout(120_000);

let ground: TestGround;
let api: ClaimApi;
let claims: StoredClaims;
let from: string;
let to: string;

beforeAll(async () => {
  ground = await TestGround.prepare('moves');
  api = await ground.offer({ kind: 'Database', plural: 'databases' });
  claims = new StoredClaims(ground.controlPlane, api);
  from = ground.claimNamespace;
  to = `${ground.name}-target`;
  await ground.controlPlane.createNamespace(to);
});
afterAll(() => ground?.remove());

function move(...args: string[]): Promise<Ended> {
  return runCli([
    'move',
    ...args,
    '--namespace',
    from,
    `--control-plane-kubeconfig=${ground.controlPlane.kubeconfig}`,
  ]);
}

describe('mcp-connector move', () => {
  it('gives a claim another namespace and name, and leaves what is behind it as it is [moves.one.infrastructure]', async () => {
    await claims.create(from, 'first', {
      metadata: { labels: { team: 'orders' }, annotations: { contact: 'anna' } },
    });
    await claims.ready(from, 'first');
    const before = await claims.infrastructure(from, 'first');

    const moved = await move(
      `${claims.resource}/first`,
      '--to-namespace',
      to,
      '--to-name',
      'orders',
      '--yes',
    );

    expect(moved).toMatchObject({ code: 0 });
    const claim = await claims.ready(to, 'orders');
    expect(claim.metadata).toMatchObject({ labels: { team: 'orders' } });
    expect(await claims.infrastructure(to, 'orders')).toEqual(before);
    expect(await claims.find(from, 'first')).toBeUndefined();
  });
});
