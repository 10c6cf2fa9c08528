import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { ConnectorError, describeError } from '../../base/errors.ts';
import { secretPath } from '../../clusters/api-paths.ts';
import type { KubeClient } from '../../clusters/kube-client.ts';
import { replaceFile } from './definitions-file.ts';
import type { CredentialStore } from './definitions-store.ts';

/** Keys of a Secret, and names of files without a dot in front. */
const plainKey = /^[A-Za-z0-9][A-Za-z0-9._-]{0,200}$/;

/** Files of one folder that nobody else can read. */
export class CredentialFolder implements CredentialStore {
  readonly place: string;

  constructor(folder: string) {
    this.place = path.resolve(folder);
  }

  pathOf(key: string): string {
    checkKey(key);
    return path.join(this.place, key);
  }

  async write(key: string, value: string): Promise<void> {
    const file = this.pathOf(key);
    try {
      await mkdir(this.place, { recursive: true, mode: 0o700 });
    } catch (cause) {
      throw new ConnectorError('console-storage', `${this.place} cannot be made: ${describeError(cause)}`, {
        cause,
      });
    }
    await replaceFile(file, value, 0o600);
  }

  async remove(file: string): Promise<void> {
    if (path.dirname(path.resolve(file)) === this.place) await rm(file, { force: true });
  }
}

/**
 * Keys of one Secret, mounted into the gateway's pods at `mount`. The kubelet brings a new key into the pods within about a minute;
 * the gateway takes a definition whose files are not there yet as one to try again.
 */
export class CredentialSecret implements CredentialStore {
  readonly place: string;
  readonly #client: KubeClient;
  readonly #path: string;
  readonly #mount: string;

  constructor(client: KubeClient, namespace: string, name: string, mount: string) {
    this.place = `Secret ${namespace}/${name}`;
    this.#client = client;
    this.#path = secretPath(namespace, name);
    this.#mount = mount;
  }

  pathOf(key: string): string {
    checkKey(key);
    return path.posix.join(this.#mount, key);
  }

  async write(key: string, value: string): Promise<void> {
    checkKey(key);
    await this.#patch({ [key]: Buffer.from(value).toString('base64') });
  }

  async remove(file: string): Promise<void> {
    if (path.posix.dirname(file) === this.#mount) await this.#patch({ [path.posix.basename(file)]: null });
  }

  async #patch(data: Record<string, string | null>): Promise<void> {
    try {
      await this.#client.patch(this.#path, { data });
    } catch (cause) {
      throw new ConnectorError(
        'console-storage',
        `${this.place} cannot be written: ${describeError(cause)}`,
        { cause },
      );
    }
  }
}

function checkKey(key: string): void {
  if (!plainKey.test(key))
    throw new ConnectorError('console-storage', `"${key}" cannot be the name of a credential`);
}
