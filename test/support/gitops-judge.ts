import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { gitopsJudge } from '../clients/programs.ts';

export interface Verdict {
  status: string;
  message?: string;
}

const examples = path.resolve(import.meta.dirname, '../../examples/gitops');

/**
 * Argo CD and Flux as they judge objects: their own interpreters, with the settings of examples/gitops, where the API group and
 * kind of a test stand in the place of those of the examples.
 */
export class GitopsJudge implements AsyncDisposable {
  readonly #program: string;
  readonly #dir: string;

  private constructor(program: string, dir: string) {
    this.#program = program;
    this.#dir = dir;
  }

  static async create({
    group,
    version = 'v1',
    kind,
  }: {
    group: string;
    version?: string;
    kind: string;
  }): Promise<GitopsJudge> {
    const program = await gitopsJudge();
    const dir = await mkdtemp(path.join(os.tmpdir(), 'mcp-connector-gitops-'));
    const copy = async (file: string): Promise<void> => {
      const text = (await readFile(path.join(examples, file), 'utf8'))
        .replaceAll('k8s.starter.org/v1alpha1', `${group}/${version}`)
        .replaceAll('k8s.starter.org/*', `${group}/*`)
        .replaceAll('kind: KubernetesCluster', `kind: ${kind}`);
      await writeFile(path.join(dir, path.basename(file)), text);
    };
    await Promise.all(['argocd/argocd-cm.yaml', 'flux/claims.yaml'].map((file) => copy(file)));
    return new GitopsJudge(program, dir);
  }

  argocd(objects: readonly object[]): Promise<Verdict[]> {
    return this.#ask<Verdict>(objects, 'argocd-health', 'argocd-cm.yaml');
  }

  /** The status that either shows. */
  async both(object: object): Promise<{ argocd: string; flux: string }> {
    const [[argocd], [flux]] = await Promise.all([this.argocd([object]), this.flux([object])]);
    return { argocd: argocd?.status ?? '', flux: flux?.status ?? '' };
  }

  /** What a sync would change: `{}` is Synced. */
  argocdDiff(pairs: readonly { live: object; target: object }[]): Promise<object[]> {
    return this.#ask<object>(pairs, 'argocd-diff', 'argocd-cm.yaml');
  }

  flux(objects: readonly object[]): Promise<Verdict[]> {
    return this.#ask<Verdict>(objects, 'flux-health', 'claims.yaml');
  }

  /** Flux without health expressions. */
  kstatus(objects: readonly object[]): Promise<Verdict[]> {
    return this.#ask<Verdict>(objects, 'kstatus');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#dir, { recursive: true, force: true });
  }

  async #ask<T>(entries: readonly object[], ...args: string[]): Promise<T[]> {
    const child = spawn(this.#program, args, { cwd: this.#dir, stdio: ['pipe', 'pipe', 'pipe'] });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk));
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
    child.stdin.end(JSON.stringify(entries));
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    if (code !== 0) throw new Error(`${args[0]}: exit code ${code}: ${stderr.trim()}`);
    return JSON.parse(stdout) as T[];
  }
}
