import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from '@jest/globals';
import type { ApiAnswer } from './api-request.ts';
import { Claims } from './claims.ts';
import type { FaultMode } from './fault-modes.ts';
import { FaultProxy } from './fault-proxy.ts';
import { KubectlWatch } from './kubectl-watch.ts';
import { askDirectly, certificateOf } from './api-request.ts';
import { eventually, type TestConnector, type TestConnectorOptions } from './lab.ts';
import type { ClaimApi } from './platform-api.ts';
import { TestGround } from './test-ground.ts';

/** A connector whose control plane fails as it is told, and what users see of that. */
export class OutageGround {
  readonly ground: TestGround;
  readonly proxy: FaultProxy;
  readonly api: ClaimApi;
  readonly claims: Claims;
  readonly connector: TestConnector;
  readonly #dir: string;
  readonly #guard = new AbortController();
  readonly #guarded: Promise<void>;
  #lapse: string | undefined;
  #looks = 0;

  private constructor(
    ground: TestGround,
    proxy: FaultProxy,
    api: ClaimApi,
    claims: Claims,
    connector: TestConnector,
    dir: string,
  ) {
    this.ground = ground;
    this.proxy = proxy;
    this.api = api;
    this.claims = claims;
    this.connector = connector;
    this.#dir = dir;
    this.#guarded = this.#watchAvailability();
  }

  /** `connect` gives the flags and the kubeconfig of the connector, which leads through the proxy when left out. */
  static async prepare(
    name: string,
    connect?: (ground: TestGround, proxy: FaultProxy) => Promise<Partial<TestConnectorOptions>>,
  ): Promise<OutageGround> {
    const ground = await TestGround.prepare(name);
    const dir = await mkdtemp(path.join(os.tmpdir(), `mcp-connector-${name}-`));
    const proxy = await FaultProxy.start({ kubeconfig: ground.controlPlane.kubeconfig, dir });
    const api = await ground.offer({ kind: 'Database', plural: 'databases' });
    const namespace = await ground.createAppNamespace('a');
    const options = (await connect?.(ground, proxy)) ?? { controlPlane: { kubeconfig: proxy.kubeconfig } };
    const connector = await ground.startConnector(options);
    await ground.available(api);
    const claims = new Claims(ground, api, namespace, await ground.app.uidOfKubeSystem());
    await claims.create('kept');
    return new OutageGround(ground, proxy, api, claims, connector, dir);
  }

  async remove(): Promise<void> {
    this.#guard.abort();
    await this.#guarded;
    // What the ground removes goes past the proxy, but a connector in an outage holds namespaces.
    await this.proxy.use({ kind: 'pass' });
    await this.ground.remove();
    await this.proxy[Symbol.asyncDispose]();
    await rm(this.#dir, { recursive: true, force: true });
  }

  /** Fails when an APIService of this release was ever seen not to be Available; looked at all the time. */
  expectAlwaysAvailable(): void {
    expect({ lapse: this.#lapse, hasLooked: this.#looks > 0 }).toEqual({ lapse: undefined, hasLooked: true });
  }

  async #watchAvailability(): Promise<void> {
    const { signal } = this.#guard;
    while (!signal.aborted) {
      const services = await this.ground.apiServices().catch(() => []);
      for (const { metadata, status } of services) {
        const available = status?.conditions?.find(({ type }) => type === 'Available');
        if (available && available.status !== 'True')
          this.#lapse ??= `${metadata.name}: ${available.reason}: ${available.message}`;
      }
      this.#looks += services.length;
      await delay(200, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Resolves when data is refused with 503, Retry-After and the reason; requests of several kinds. */
  async refusesData(sentence: RegExp): Promise<void> {
    const requests = this.#dataRequests();
    await eventually(async () => {
      for (const answer of await Promise.all(requests.map((request) => request())))
        expectRefusal(answer, sentence);
    });
  }

  /** Sends many requests at once, sees all refused, and returns how many of them have reached the control plane. */
  async requestsThatPass(): Promise<number> {
    this.proxy.mark();
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => this.#dataRequests().map((request) => request())).flat(),
    );
    for (const answer of answers) expectRefusal(answer, /./);
    return this.proxy.requests.filter(({ userAgent }) => userAgent !== 'mcp-connector').length;
  }

  async servesData(): Promise<void> {
    await eventually(async () => {
      expect(await this.claims.names()).toContain('kept');
    });
  }

  /** What kubectl needs before it can do anything at all. */
  async keepsDiscovery(): Promise<void> {
    const { ground, api } = this;
    expect(await ground.app.discovered(api.group, 'v1')).toContain(api.plural);
    const resources = await ground.app.kubectl(`api-resources --api-group=${api.group} -o name`);
    expect({ ...resources, stdout: resources.stdout.trim() }).toEqual({
      code: 0,
      stdout: `${api.plural}.${api.group}`,
      stderr: '',
    });
    const explained = await ground.app.kubectl(
      `explain ${api.plural}.spec.parameters.size --api-version=${api.group}/v1`,
    );
    expect({ code: explained.code, stderr: explained.stderr }).toEqual({ code: 0, stderr: '' });
    expect(explained.stdout).toContain('ENUM');
  }

  /** A `kubectl get --watch` that has shown the claim, and watches: it lists first, and fails where it cannot go on. */
  async kubectlWatch(): Promise<KubectlWatch> {
    const { api, claims, ground, proxy } = this;
    const opened = (): number =>
      proxy.requests.filter(
        ({ url, userAgent }) => userAgent.startsWith('kubectl') && url.includes('watch=true'),
      ).length;
    const before = opened();
    const args = ['get', `${api.plural}.${api.group}`, '-n', claims.namespace, '--watch'];
    const watch = new KubectlWatch(ground.app.kubeconfig, args);
    await eventually(() => expect(watch.output).toContain('kept'));
    await eventually(() => expect(opened()).toBeGreaterThan(before));
    // The watch was answered before this is, which came later.
    await claims.names();
    return watch;
  }

  /** A watch as it comes, which has shown the claim. */
  async rawWatch(): Promise<KubectlWatch> {
    const args = ['get', '--raw', `${this.claims.path()}?watch=true`];
    const watch = new KubectlWatch(this.ground.app.kubeconfig, args);
    await eventually(() => expect(watch.output).toContain('"ADDED"'));
    return watch;
  }

  /** Throws where a watch did not end in order: after a whole event, and with the end of the answer. */
  async expectCleanEnd(watch: KubectlWatch): Promise<void> {
    expect({ code: await watch.ended(), output: watch.output }).toEqual({
      code: 0,
      output: expect.any(String),
    });
    const lines = watch.output.split('\n').filter((line) => line !== '');
    const types = lines.map((line) => (JSON.parse(line) as { type: string }).type);
    expect(types.every((type) => ['ADDED', 'MODIFIED'].includes(type))).toBe(true);
  }

  /** Switches the fault on, and resolves when it has been noticed. */
  async fail(mode: FaultMode, sentence: RegExp): Promise<void> {
    await this.proxy.use(mode);
    await this.refusesData(sentence);
    // A refused request says so before the connector's own check has failed too, and the next one is still sent.
    await this.refusesData(/is not available since/);
  }

  /** Lines of the connector's metrics that begin so. */
  async metrics(prefix: string): Promise<string[]> {
    const client = await certificateOf(this.ground.app);
    const { text } = await askDirectly(this.connector.url, '/metrics', { client });
    return text.split('\n').filter((line) => line.startsWith(prefix));
  }

  /** Dry runs: those that come before the fault is noticed are carried out. */
  #dataRequests(): (() => Promise<ApiAnswer>)[] {
    const { app } = this.ground;
    const { claims } = this;
    return [
      () => app.ask(claims.path()),
      () => app.ask(claims.path('kept')),
      () => app.ask(`${claims.path()}?watch=true&timeoutSeconds=1`),
      () => app.ask(`${claims.path()}?dryRun=All`, { method: 'POST', body: claims.manifest('refused') }),
      () => app.ask(`${claims.path('kept')}?dryRun=All`, { method: 'DELETE' }),
    ];
  }
}

function expectRefusal(answer: ApiAnswer, sentence: RegExp): void {
  const { status, headers } = answer;
  expect({ status, retryAfter: headers['retry-after'], text: answer.text }).toEqual({
    status: 503,
    retryAfter: expect.stringMatching(/^[123]$/),
    text: expect.stringMatching(sentence),
  });
  expect(answer.json()).toMatchObject({
    kind: 'Status',
    reason: 'ServiceUnavailable',
    details: { retryAfterSeconds: Number(headers['retry-after']) },
  });
}
