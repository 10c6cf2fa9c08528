import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { askDirectly, certificateOf } from '../support/api-request.ts';
import { type FaultMode, html, redirect, statusAnswer } from '../support/fault-modes.ts';
import { eventually } from '../support/lab.ts';
import { OutageGround } from '../support/outage-ground.ts';

// Generous: the machine may be busy, and no timing is a test here.
jest.setTimeout(180_000);

interface Kind {
  name: string;
  id: string;
  mode: FaultMode;
  sentence: RegExp;
}

const kinds: Kind[] = [
  {
    name: 'bytes that are no HTTP',
    id: 'outage.kind.garbage',
    mode: { kind: 'garbage' },
    sentence: /does not match the HTTP\/1.1 protocol/,
  },
  {
    name: 'a page in place of an answer',
    id: 'outage.kind.unusable',
    mode: html(200),
    sentence: /as no API server does/,
  },
  {
    name: "a proxy's error page",
    id: 'outage.kind.unusable',
    mode: html(502),
    sentence: /answered with 502 and text\/html/,
  },
  {
    name: 'a redirect, which nobody follows',
    id: 'outage.kind.redirect',
    mode: redirect('https://127.0.0.1:1/elsewhere'),
    sentence: /as no API server does: 302/,
  },
  {
    name: 'an answer without an end',
    id: 'outage.kind.endless',
    mode: { kind: 'endless', status: 200 },
    sentence: /more than \d+ bytes|due to timeout/,
  },
  {
    name: 'a refusal without an end',
    id: 'outage.kind.endless',
    mode: { kind: 'endless', status: 500 },
    sentence: /more than \d+ bytes|due to timeout/,
  },
  {
    name: 'no for the credential',
    id: 'outage.kind.credential',
    mode: statusAnswer(401, 'Unauthorized', 'Unauthorized'),
    sentence: /does not accept the credential of the kubeconfig/,
  },
];
let outage: OutageGround;

beforeAll(async () => {
  outage = await OutageGround.prepare('outage-answers');
});
afterAll(() => outage?.remove());
afterEach(() => outage?.proxy.use({ kind: 'pass' }));

describe('where the control plane answers', () => {
  it.each(kinds)(
    '$name, nothing of it reaches a user, and all comes back [$id]',
    async ({ mode, sentence }) => {
      await outage.servesData();
      await using kubectl = await outage.kubectlWatch();

      await outage.fail(mode, sentence);
      expect(await outage.requestsThatPass()).toBe(0);
      await outage.keepsDiscovery();
      expect(await kubectl.ended()).toBe(0);
      expect(kubectl.output).not.toMatch(/error|unable|fail/i);

      await outage.proxy.use({ kind: 'pass' });
      await outage.servesData();
      outage.expectAlwaysAvailable();
    },
  );

  it('later than others, but within what the connector waits, it stays in use [outage.breaker.slow]', async () => {
    await outage.servesData();
    await using watch = await outage.rawWatch();
    await outage.proxy.use({ kind: 'slow', ms: 2_500 });
    outage.proxy.mark();
    expect(await outage.claims.names()).toEqual(['kept']);
    // Three checks of the connector's own, slow ones too, have been answered.
    await eventually(() =>
      expect(
        outage.proxy.requests.filter(({ url }) => url.endsWith(`/namespaces/${outage.ground.claimNamespace}`))
          .length,
      ).toBeGreaterThan(3),
    );
    expect(await outage.claims.names()).toEqual(['kept']);
    expect(watch.hasEnded).toBe(false);
  });

  it('one request never and others at once, only that one fails [outage.breaker.one]', async () => {
    await outage.servesData();
    const opens = await outage.metrics('mcp_connector_circuit_open_total');
    await using watch = await outage.rawWatch();
    await outage.proxy.use({ kind: 'silent', only: ({ method }) => method === 'POST' });
    outage.proxy.mark();
    const created = outage.ground.app.ask(`${outage.claims.path()}?timeout=10s`, {
      method: 'POST',
      body: outage.claims.manifest('lost'),
    });
    await eventually(() => expect(outage.proxy.requests.map(({ method }) => method)).toContain('POST'));
    expect((await created).status).toBe(504);
    expect(await outage.claims.names()).toEqual(['kept']);
    expect(watch.hasEnded).toBe(false);
    expect(await outage.metrics('mcp_connector_circuit_open_total')).toEqual(opens);
  });

  it('nothing while a write is under way, the write is told that its outcome is unknown [outage.breaker.write]', async () => {
    await outage.servesData();
    await outage.proxy.use({ kind: 'silent', carriesOut: true });
    const answers = await Promise.all([
      outage.ground.app.ask(outage.claims.path(), {
        method: 'POST',
        body: outage.claims.manifest('unknown'),
      }),
      outage.ground.app.ask(outage.claims.path('kept')),
    ]);
    const codes = answers.map(({ status, headers }) => [status, headers['retry-after'] !== undefined]);
    expect(codes).toEqual([
      [504, false],
      [503, true],
    ]);
    await outage.proxy.use({ kind: 'pass' });
    // It was carried out: what a client that had sent it again would have met.
    await eventually(async () => expect(await outage.claims.names()).toEqual(['kept', 'unknown']));
  });

  it('or not, metrics tell, with the time it took [outage.metrics.upstream]', async () => {
    await outage.servesData();
    expect(await outage.metrics('mcp_connector_control_plane_up')).toEqual([
      'mcp_connector_control_plane_up 1',
    ]);
    expect(
      await outage.metrics('mcp_connector_upstream_request_duration_seconds_count{verb="GET",code="200"}'),
    ).toHaveLength(1);
    await outage.fail({ kind: 'stopped' }, /ECONNREFUSED/);
    // A request may hear of it before the link has looked.
    await eventually(async () =>
      expect(await outage.metrics('mcp_connector_control_plane_up')).toEqual([
        'mcp_connector_control_plane_up 0',
      ]),
    );
    const ready = await outage.connector.process.probe('/readyz');
    expect(ready).toMatchObject({
      status: 200,
      body: expect.stringMatching(/\[!\]control-plane warns: .*ECONNREFUSED/),
    });
  });
});

describe('a connector that is restarted while the control plane does not answer', () => {
  it('is ready from what it has saved, and serves when the control plane is back [outage.restart.catalog]', async () => {
    await outage.fail({ kind: 'black-hole' }, /due to timeout|ECONN/);
    await outage.connector.process.restart();
    await outage.connector.process.ready();
    await outage.refusesData(/due to timeout/);
    await outage.keepsDiscovery();
    await outage.proxy.use({ kind: 'pass' });
    await outage.servesData();
  });

  it('or slowly, refuses nothing once it is ready [outage.restart.attempt]', async () => {
    const { claims, connector, ground, proxy } = outage;
    await proxy.use({ kind: 'slow', ms: 1_000 });
    await connector.process.restart();
    await connector.process.ready();
    const client = await certificateOf(ground.app);
    expect((await askDirectly(connector.url, claims.path('kept'), { client })).status).toBe(200);
  });
});
