import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { expect } from '@jest/globals';
import type { AdoptionPhase } from '../../src/adoption/ledger.ts';
import type { ConfigMap, KubeList } from '../../src/apimachinery/objects.ts';
import { configMapPath } from '../../src/clusters/api-paths.ts';
import { type Lab, startLab } from '../../src/demo/lab.ts';
import { adoptionLabel, controlPlaneName } from '../../src/mapping/identity.ts';
import type { Random } from '../chaos/random.ts';
import { type Cloud, ClusterWithClaims } from './adopted-claims.ts';
import { eventually } from './eventually.ts';
import { type KilledResult, killedAgainAndAgain } from './killed-cli.ts';
import { type Ended, runCli } from './moved-claims.ts';
import { type ClaimApi, offerApi } from './platform-api.ts';
import { sharedLab } from './shared-lab.ts';
import { TestGround } from './test-ground.ts';

export const nothing: Cloud = { composites: [], instances: {} };

/** The phases of a claim on its way, as far as it is counted: those that are not named have not begun it. */
export const ways = {
  adopt: ['copying', 'live', 'adopted'],
  undo: ['recalling', 'discarding', 'undone'],
  finish: ['finishing', 'detached', 'finished'],
  /** Undo after the end. */
  restore: ['restoring', 'recalling', 'discarding', 'undone'],
} satisfies Record<string, AdoptionPhase[]>;

/**
 * An app cluster with a Crossplane of its own, which is why it is the test's own, beside the control plane that all tests share;
 * ready claims with everything behind them, and what they were before anything was done.
 */
export class AdoptionGround implements AsyncDisposable {
  readonly ground: TestGround;
  readonly api: ClaimApi;
  readonly names: readonly string[];
  readonly app: ClusterWithClaims;
  readonly controlPlane: ClusterWithClaims;
  readonly clusterID: string;
  readonly namespace: string;
  readonly archive: string;
  /** For the test's own files. */
  readonly dir: string;
  readonly before: Cloud;
  readonly passwords: Record<string, string>;
  readonly #lab: Lab;

  private constructor(
    made: Pick<
      AdoptionGround,
      'ground' | 'api' | 'names' | 'app' | 'controlPlane' | 'clusterID' | 'namespace' | 'before' | 'passwords'
    >,
    dir: string,
    lab: Lab,
  ) {
    ({
      ground: this.ground,
      api: this.api,
      names: this.names,
      app: this.app,
      controlPlane: this.controlPlane,
      clusterID: this.clusterID,
      namespace: this.namespace,
      before: this.before,
      passwords: this.passwords,
    } = made);
    this.archive = path.join(dir, 'before.tar.gz');
    this.dir = dir;
    this.#lab = lab;
  }

  static async prepare(name: string, count: number): Promise<AdoptionGround> {
    const dir = await mkdtemp(path.join(os.tmpdir(), `mcp-connector-${name}-lab-`));
    const lab = await startLab({ dir: path.join(dir, 'lab'), log: () => undefined, clusters: ['app'] });
    try {
      return await AdoptionGround.#on(lab, dir, name, count);
    } catch (error) {
      await lab.stop();
      throw error;
    }
  }

  static async #on(lab: Lab, dir: string, name: string, count: number): Promise<AdoptionGround> {
    await lab.installCrossplane(lab.app);
    await eventually(() =>
      lab.app.client.get('/apis/apiextensions.crossplane.io/v1/compositeresourcedefinitions'),
    );
    const ground = await TestGround.prepare(name, { ...sharedLab(), app: lab.app });
    const api = await ground.offer({ kind: 'Database', plural: 'databases' });
    await offerApi(ground.app.client, api);
    const app = new ClusterWithClaims(ground.app, api);
    const namespace = await ground.createAppNamespace('shop');
    const names = Array.from({ length: count }, (_, at) => `claim-${String(at).padStart(2, '0')}`);
    await app.makeReady(namespace, names);
    const made = {
      ground,
      api,
      names,
      app,
      controlPlane: new ClusterWithClaims(ground.controlPlane, api),
      clusterID: await ground.app.uidOfKubeSystem(),
      namespace,
      before: await app.cloud(),
      passwords: await app.passwords(namespace),
    };
    return new AdoptionGround(made, dir, lab);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.ground.remove();
    await this.#lab.stop();
    await rm(this.dir, { recursive: true, force: true });
  }

  /** Arguments of `mcp-connector adopt` on these two clusters. */
  args(args: readonly string[]): string[] {
    return [
      'adopt',
      ...args,
      `--kubeconfig=${this.ground.app.kubeconfig}`,
      `--control-plane-kubeconfig=${this.ground.controlPlane.kubeconfig}`,
      `--claim-namespace=${this.ground.claimNamespace}`,
    ];
  }

  get applyArgs(): string[] {
    return [this.app.claims.resource, '--all', '--yes', '--archive', this.archive];
  }

  adopt(args: readonly string[], onStart?: (kill: () => void) => void): Promise<Ended> {
    return runCli(this.args(args), onStart);
  }

  async done(args: readonly string[]): Promise<void> {
    expect(await this.adopt(args)).toEqual({ code: 0, stdout: expect.any(String), stderr: '' });
  }

  /** Killed so many times, and run to its end. Nothing may ever be let go in both clusters. */
  async killed(
    way: keyof typeof ways,
    args: readonly string[],
    { random, kills }: { random: Random; kills: number },
  ): Promise<KilledResult> {
    let killed = 0;
    return await killedAgainAndAgain({
      args: this.args(args),
      random,
      kills,
      reached: () => this.reached(way),
      total: this.names.length * ways[way].length,
      onKilled: async () => {
        const phases = Object.entries(await this.phases()).map(([phase, count]) => `${count} ${phase}`);
        process.stderr.write(`${way} killed ${++killed}/${kills}: ${phases.join(', ')}\n`);
        expect(await this.workedOnTwice()).toEqual([]);
      },
    });
  }

  /** Steps that all claims together have gone. */
  async reached(way: keyof typeof ways): Promise<number> {
    const steps: readonly string[] = ways[way];
    return Object.entries(await this.phases()).reduce(
      (sum, [phase, count]) => sum + count * (steps.indexOf(phase) + 1),
      0,
    );
  }

  /** How many adoptions are in each phase. */
  async phases(): Promise<Record<string, number>> {
    const { items } = await this.ground.controlPlane.client.get<KubeList<ConfigMap>>(
      configMapPath(this.ground.claimNamespace),
      { query: { labelSelector: adoptionLabel } },
    );
    const all = items.map(({ metadata }) => metadata.labels?.[adoptionLabel] ?? '');
    return Object.fromEntries(
      [...Map.groupBy(all, (phase) => phase)].map(([phase, of]) => [phase, of.length]),
    );
  }

  /** What both Crossplanes would work on. */
  async workedOnTwice(): Promise<string[]> {
    const there = await this.controlPlane.workedOn();
    // A kind that has just come is answered with 429.
    const here = await eventually(() => this.app.workedOn());
    return [...here].filter((name) => there.has(name));
  }

  hashed(name: string): string {
    return controlPlaneName('claim', { namespace: this.namespace, name }, this.clusterID);
  }

  /** The control plane has every claim, bound and ready, with what is behind it as it was, and each once. */
  async expectAdopted(): Promise<void> {
    const { ground, controlPlane, names } = this;
    expect(await controlPlane.cloud()).toEqual(this.before);
    expect(await controlPlane.claims.names(ground.claimNamespace)).toEqual(
      names.map((name) => this.hashed(name)).toSorted(),
    );
    for (const name of names) {
      const claim = await controlPlane.claims.ready(ground.claimNamespace, this.hashed(name));
      expect(claim.spec.writeConnectionSecretToRef?.name).toBe(this.hashed(`${name}-connection`));
      const { metadata, spec } = await controlPlane.claims.composite(claim.spec.resourceRef?.name ?? '');
      expect([spec.claimRef.namespace, spec.claimRef.name]).toEqual([
        ground.claimNamespace,
        this.hashed(name),
      ]);
      expect(this.before.composites).toContain(metadata.name);
    }
    expect(await controlPlane.passwords(ground.claimNamespace)).toEqual(
      Object.fromEntries(names.map((name) => [this.hashed(`${name}-connection`), `secret-of-${name}`])),
    );
    expect(await controlPlane.paused(ground.claimNamespace)).toBe(0);
  }

  /** The app cluster has everything as it was before, and the control plane nothing of it. */
  async expectUndone(): Promise<void> {
    const { ground, app, controlPlane, namespace } = this;
    expect(await controlPlane.cloud()).toEqual(nothing);
    expect(await controlPlane.claims.names(ground.claimNamespace)).toEqual([]);
    await eventually(async () => expect(await controlPlane.passwords(ground.claimNamespace)).toEqual({}));
    expect(await app.cloud()).toEqual(this.before);
    expect(await app.passwords(namespace)).toEqual(this.passwords);
    expect(await app.paused(namespace)).toBe(0);
    for (const name of this.names) await app.claims.ready(namespace, name);
  }
}
