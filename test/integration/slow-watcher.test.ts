import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import type { ClientMaterial } from '../support/api-request.ts';
import { askDirectly, certificateOf } from '../support/api-request.ts';
import { type Claim, Claims } from '../support/claims.ts';
import type { TestConnector } from '../support/lab.ts';
import { OpenClient } from '../support/open-request.ts';
import type { ClaimApi } from '../support/platform-api.ts';
import { TestGround } from '../support/test-ground.ts';

// Tens of megabytes are written. The machine may be busy, and no timing is a test here.
jest.setTimeout(180_000);

const claimBytes = 200_000;
/** Many more than fit into all buffers on the way. */
const mostChanges = 600;
let ground: TestGround;
let api: ClaimApi;
let connector: TestConnector;
let admin: ClientMaterial;

beforeAll(async () => {
  ground = await TestGround.prepare('slow-watcher');
  api = await ground.offer({ kind: 'Database', plural: 'databases' });
  // The connector itself is not to end it first.
  connector = await ground.startConnector({
    flags: [`--allow=*.${ground.group}`, '--watch-write-timeout=1h'],
  });
  await ground.available(api);
  admin = await certificateOf(ground.app);
});
afterAll(() => ground?.remove());

/** Watches that the control plane has ended because they could not keep up (apiserver/pkg/storage/cacher). */
async function terminated(): Promise<number> {
  const { text } = await ground.controlPlane.ask('/metrics');
  const line = text
    .split('\n')
    .find((one) => one.startsWith('apiserver_terminated_watchers_total{') && one.includes(ground.group));
  return Number(line?.split(' ').at(-1) ?? 0);
}

interface Event {
  type: string;
  object: Claim;
}

function changeOf({ object }: Event): unknown {
  return object.spec.parameters.settings?.['change'];
}

it('a watch that the control plane ends because its reader is slow ends in order behind a whole event, and goes on from there [limits.watches.upstream]', async () => {
  const claims = new Claims(
    ground,
    api,
    await ground.createAppNamespace('a'),
    await ground.app.uidOfKubeSystem(),
  );
  const manifest = JSON.parse(claims.manifest('changing')) as Claim;
  manifest.metadata.annotations = { 'crossplane.io/paused': 'true' };
  const { metadata } = await ground.app.client.create<Claim>(claims.path(), manifest);
  const watch = (from: string | undefined): string =>
    `${claims.path()}?watch=true&resourceVersion=${from ?? ''}`;

  await using client = new OpenClient(connector.url, admin);
  const slow = await client.beginRead(watch(metadata.resourceVersion));
  const before = await terminated();
  const text = 'x'.repeat(claimBytes);
  let last = 0;
  while (last < mostChanges && (last % 25 !== 0 || (await terminated()) === before)) {
    last += 1;
    const spec = { parameters: { settings: { text, change: last } } };
    await ground.controlPlane.client.patch(claims.storedPath('changing'), { spec });
  }
  expect(await terminated()).toBe(before + 1);

  const answer = await slow.finish();
  expect({ status: answer.status, isComplete: answer.isComplete }).toEqual({ status: 200, isComplete: true });
  expect(answer.text.endsWith('\n')).toBe(true);
  const events = answer.text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Event);
  // Crossplane may write before the first change.
  const seen = events.map(changeOf).filter((change) => change !== undefined);
  expect(new Set(events.map(({ type }) => type))).toEqual(new Set(['MODIFIED']));
  expect(seen).toEqual(seen.map((_, at) => at + 1));
  expect(seen.length).toBeLessThan(last);
  const { text: metrics } = await askDirectly(connector.url, '/metrics', { client: admin });
  expect(metrics).toContain('\nmcp_connector_watches_stalled_total 0\n');
  process.stdout.write(
    `${last} changes: ${seen.length} came before the end, ${last - seen.length} with the next watch\n`,
  );

  const { resourceVersion } = events.at(-1)?.object.metadata ?? {};
  await using next = new OpenClient(connector.url, admin);
  const rest = await next.get(`${watch(resourceVersion)}&timeoutSeconds=3`);
  const further = rest.text
    .trimEnd()
    .split('\n')
    .map((line) => changeOf(JSON.parse(line) as Event));
  expect([...seen, ...further]).toEqual(Array.from({ length: last }, (_, at) => at + 1));
});
