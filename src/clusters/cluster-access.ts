import { readFileSync } from 'node:fs';
import { systemClock } from '../base/clock.ts';
import { ConnectorError, describeError } from '../base/errors.ts';
import { type Credential, isPair, isSameCredential } from './credential.ts';
import { type ExecCredential, ExecPlugin } from './exec-plugin.ts';
import {
  loadFromEnvironment,
  loadKubeconfig,
  loadKubeconfigFile,
  type LoadedKubeconfig,
} from './kubeconfig.ts';
import { authorizationOf, tlsOf } from './kubeconfig-credential.ts';
import { expiryOfToken } from './token-expiry.ts';

/** Where credentials come from that are neither in the kubeconfig nor in files. */
export interface CredentialSource {
  credential(): Promise<ExecCredential>;
  /** The last one was answered with 401. */
  refused(): void;
}

/** How long a credential is used before its files are looked at again. */
const credentialLifetimeMs = 5_000;
/** Many requests are refused at once; the files are read again at most this often. */
const rereadPauseMs = 100;

/**
 * The way to one cluster: address, TLS, proxy and credential, as a kubeconfig says. Whatever of it lies in files (the
 * kubeconfig itself, token, certificates, CAs) or comes from a plugin may change while this is in use; the address may
 * not: that is another cluster, or has to be looked at as if it were one.
 */
export class ClusterAccess {
  readonly #load: () => LoadedKubeconfig;
  /** Base address, path prefix included and without a slash at its end (Spaces put a control plane below a path). */
  readonly server: URL;
  readonly proxyUrl: string | undefined;
  readonly skipsTlsVerify: boolean;
  #loaded: LoadedKubeconfig;
  #plugin: CredentialSource | undefined;
  #credential: Promise<Credential> | undefined;
  #known: Credential | undefined;
  #readAt = 0;
  #expires = 0;

  /**
   * `read` is called again and again; an error of a later call leaves the last kubeconfig in use. `source` takes the place of the
   * kubeconfig's user.
   */
  constructor(read: () => LoadedKubeconfig, source?: CredentialSource) {
    this.#load = read;
    this.#loaded = read();
    const { cluster, currentContext, contextNames, exec } = this.#loaded;
    if (!cluster) {
      throw new ConnectorError(
        'kubeconfig-invalid',
        `the kubeconfig's current-context "${currentContext ?? ''}" names no cluster; set current-context to one of: ${contextNames.join(', ')}`,
      );
    }
    if (!URL.canParse(cluster.server) || !/^https?:$/.test(new URL(cluster.server).protocol)) {
      throw new ConnectorError(
        'kubeconfig-invalid',
        `the kubeconfig's server "${cluster.server}" is not an https address`,
      );
    }
    this.server = new URL(cluster.server.replace(/\/+$/, ''));
    this.proxyUrl = cluster.proxyUrl;
    this.skipsTlsVerify = cluster.skipTLSVerify;
    this.#plugin = source ?? (exec && new ExecPlugin(exec, cluster));
  }

  /** Path prefix before `/api` and `/apis`: empty for most clusters. */
  get basePath(): string {
    return this.server.pathname === '/' ? '' : this.server.pathname;
  }

  /** The credential that was read last; undefined before the first. */
  get lastCredential(): Credential | undefined {
    return this.#known;
  }

  /** The credential of this moment. Throws ConnectorError `credential-unavailable` when a plugin or file fails. */
  credential(): Promise<Credential> {
    const now = Date.now();
    if (this.#credential && now < this.#expires) return this.#credential;
    this.#readAt = now;
    this.#expires = now + credentialLifetimeMs;
    this.#credential = this.#read();
    this.#credential.catch(() => {
      this.#credential = undefined;
    });
    return this.#credential;
  }

  /** After a 401: the next request looks at the files again, and runs the plugin again. */
  forgetCredential(): void {
    this.#plugin?.refused();
    if (Date.now() - this.#readAt >= rereadPauseMs) this.#credential = undefined;
  }

  /** After a 401 to a request with `refused`: what it may be sent again with, undefined while there is nothing else. */
  async renewed(refused: Credential): Promise<Credential | undefined> {
    // Another request may have been refused, and the credential renewed, before.
    if (this.#known === refused) {
      const early = rereadPauseMs - (Date.now() - this.#readAt);
      // Timers may be a millisecond early, by this clock.
      if (early > 0) await systemClock.sleep(early + 2);
      this.forgetCredential();
    }
    const next = await this.credential().catch(() => undefined);
    return next && !isSameCredential(next, refused) ? next : undefined;
  }

  async #read(): Promise<Credential> {
    this.#reload();
    let exec;
    let tls;
    let authorization: string | undefined;
    try {
      exec = await this.#plugin?.credential();
      const { tokenFile } = this.#loaded;
      tls = tlsOf(this.#loaded);
      const token = exec?.token ?? (tokenFile && readFileSync(tokenFile, 'utf8').trim());
      authorization = token ? `Bearer ${token}` : await authorizationOf(this.#loaded);
    } catch (cause) {
      throw new ConnectorError(
        'credential-unavailable',
        `no credential for ${this.server.host}: ${describeError(cause)}`,
        { cause },
      );
    }
    if (exec?.cert) tls.cert = exec.cert;
    if (exec?.key) tls.key = exec.key;
    const expiresAt = exec?.expiresAt ?? expiryOfToken(authorization);
    // Nearer to its end it is looked at more often: a source that renews in time has a new one by then.
    if (exec?.expiresAt !== undefined)
      this.#expires = Math.min(this.#expires, this.#readAt + Math.max(0, exec.expiresAt - this.#readAt) / 4);
    const { impersonation } = this.#loaded;
    const next: Credential = { authorization, impersonation, tls, expiresAt };
    // A certificate whose key file is about to follow: the pair is read again with the next look.
    if (this.#known && !isPair(tls)) return this.#known;
    // The same object while nothing changed: connections are kept by it.
    if (!this.#known || !isSameCredential(this.#known, next)) this.#known = next;
    return this.#known;
  }

  /** A kubeconfig that cannot be read, or that names another server, changes nothing here. */
  #reload(): void {
    let next: LoadedKubeconfig;
    try {
      next = this.#load();
    } catch {
      return;
    }
    if (next.text === this.#loaded.text) return;
    const { cluster } = next;
    const { cluster: last } = this.#loaded;
    if (!cluster || cluster.server !== last?.server || cluster.proxyUrl !== last.proxyUrl) return;
    this.#loaded = next;
    this.#plugin = next.exec && new ExecPlugin(next.exec, cluster);
  }
}

/** Reads a kubeconfig's text. `origin` says in errors where it came from. */
export function accessFromKubeconfig(text: string, origin: string): ClusterAccess {
  let loaded: LoadedKubeconfig;
  try {
    loaded = loadKubeconfig(text);
  } catch (cause) {
    if (cause instanceof ConnectorError) throw cause;
    throw new ConnectorError('kubeconfig-invalid', `${origin} is not a kubeconfig: ${describeError(cause)}`, {
      cause,
    });
  }
  if (!loaded.hasClusters) {
    throw new ConnectorError('kubeconfig-invalid', `${origin} is not a kubeconfig: it lists no clusters`);
  }
  return new ClusterAccess(() => loaded);
}

/** A kubeconfig file as it is now; relative paths in it are resolved against its folder. */
export function accessFromFile(file: string, context?: string): ClusterAccess {
  const loaded = loadKubeconfigFile(file, context);
  return new ClusterAccess(() => loaded);
}

/** A kubeconfig file that is followed: another user or CA for the same server counts without a restart. */
export function accessFollowingFile(file: string): ClusterAccess {
  return new ClusterAccess(() => loadKubeconfigFile(file));
}

/** The user's kubeconfig as kubectl finds it, else the pod's own service account. */
export function accessFromEnvironment(context?: string): ClusterAccess {
  try {
    const loaded = loadFromEnvironment(context);
    return new ClusterAccess(() => loaded);
  } catch (cause) {
    if (cause instanceof ConnectorError) throw cause;
    throw new ConnectorError(
      'kubeconfig-invalid',
      `no kubeconfig found: ${describeError(cause)}; name one with --kubeconfig`,
      { cause },
    );
  }
}
