import { readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect } from '@jest/globals';
import type { ConfigMap } from '../../src/apimachinery/objects.ts';
import { configMapPath } from '../../src/clusters/api-paths.ts';
import type { KeyPair } from '../../src/controllers/certificates/certificate-authority.ts';
import type { LabCluster } from '../../src/demo/lab-cluster.ts';
import { eventually } from './eventually.ts';

const trustPath = configMapPath('kube-system', 'extension-apiserver-authentication');
const files = { ca: 'front-proxy-ca.crt', cert: 'front-proxy-client.crt', key: 'front-proxy-client.key' };

/** What kube-apiserver says about its front proxy. */
export interface FrontProxyTrust {
  /** How many. */
  cas: number;
  names: string[];
}

/** The front proxy of a cluster, as an administrator changes it: files that kube-apiserver follows, and its flags. */
export class FrontProxy {
  readonly #cluster: LabCluster;

  constructor(cluster: LabCluster) {
    this.#cluster = cluster;
  }

  /** PEM texts of the CAs. */
  cas(): Promise<string> {
    return readFile(this.#file(files.ca), 'utf8');
  }

  async client(): Promise<KeyPair> {
    const [cert, key] = await Promise.all([
      readFile(this.#file(files.cert), 'utf8'),
      readFile(this.#file(files.key), 'utf8'),
    ]);
    return { cert, key };
  }

  async useCas(pem: string): Promise<void> {
    await this.write(files.ca, pem);
  }

  /** Resolves when the kube-apiserver that runs has read it; it says so with `--v=2`. */
  async useClient({ cert, key }: KeyPair): Promise<void> {
    const server = this.#cluster.component('kube-apiserver');
    const loaded = async (): Promise<number> =>
      (await server.log()).split(/Loaded a new cert\/key pair.*aggregator-proxy-cert/).length;
    const before = await loaded();
    await this.write(files.key, key);
    await this.write(files.cert, cert);
    await eventually(async () => expect(await loaded()).toBeGreaterThan(before));
  }

  /** Another file beside them; returns its path. */
  async write(name: string, content: string): Promise<string> {
    const file = this.#file(name);
    await writeFile(`${file}.new`, content, { mode: 0o600 });
    await rename(`${file}.new`, file);
    return file;
  }

  /** With these flags in the place of those of the same names. Resolves when it is ready. */
  async restart(...flags: string[]): Promise<void> {
    const changed = flags.map((flag) => flag.slice(0, flag.indexOf('=') + 1));
    const server = this.#cluster.component('kube-apiserver');
    await server.restart((args) => [
      ...args.filter((arg) => !changed.some((name) => arg.startsWith(name))),
      ...flags,
    ]);
    await server.waitUntil('it was ready', () => this.#cluster.isReady());
  }

  /**
   * What an administrator has to do in the end: kube-apiserver adds to the ConfigMap what it has, for the sake of others that
   * write it too, and removes nothing but what has expired (clusterauthenticationtrust, combinedClusterAuthenticationInfo).
   */
  async forgetOld(expected: FrontProxyTrust): Promise<void> {
    expect(await this.#trust()).not.toEqual(expected);
    await eventually(async () => {
      await this.#cluster.client.delete(trustPath);
      await eventually(async () => expect(await this.#trust()).toEqual(expected), { timeoutMs: 5_000 });
    });
  }

  async #trust(): Promise<FrontProxyTrust> {
    const { data = {} } = await this.#cluster.client.get<ConfigMap>(trustPath);
    const cas = (data['requestheader-client-ca-file'] ?? '').split('BEGIN CERTIFICATE').length - 1;
    return { cas, names: JSON.parse(data['requestheader-allowed-names'] ?? '[]') as string[] };
  }

  #file(name: string): string {
    return path.join(this.#cluster.dataDir, name);
  }
}
