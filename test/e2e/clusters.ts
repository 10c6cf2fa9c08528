import { kubectl } from '../../src/demo/kubectl.ts';

function fromEnvironment(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set; hack/e2e-node.sh and hack/e2e-kind.sh set it`);
  return value;
}

/** A cluster as its users see it: through kubectl. */
export class Cluster {
  readonly kubeconfig: string;

  constructor(kubeconfig: string) {
    this.kubeconfig = kubeconfig;
  }

  /** What kubectl prints. Throws what it says on standard error. */
  async run(args: string, input?: string): Promise<string> {
    const result = await kubectl(this.kubeconfig, args.split(' '), {
      ...(input === undefined ? {} : { input }),
      timeoutMs: 180_000,
    });
    if (result.code !== 0) throw new Error(`kubectl ${args}: ${result.stderr.trim()}`);
    return result.stdout.trim();
  }

  async read<T>(args: string): Promise<T> {
    return JSON.parse(await this.run(`${args} --output=json`)) as T;
  }

  /** The standard error of a command that has to fail. */
  async failure(args: string, input?: string): Promise<string> {
    const result = await kubectl(this.kubeconfig, args.split(' '), input === undefined ? {} : { input });
    if (result.code === 0) throw new Error(`kubectl ${args} did not fail: ${result.stdout}`);
    return result.stderr.trim();
  }
}

/** The connector is installed in the first and serves what the second offers, from the claim namespace. */
export const app = new Cluster(fromEnvironment('APP_KUBECONFIG'));
export const controlPlane = new Cluster(fromEnvironment('CONTROL_PLANE_KUBECONFIG'));
export const claimNamespace = process.env['CLAIM_NAMESPACE'] || 'app-cluster-1';
