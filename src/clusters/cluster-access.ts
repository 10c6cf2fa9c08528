import type { RequestOptions } from 'node:https';
import { KubeConfig } from '@kubernetes/client-node';
import { ConnectorError, describeError } from '../base/errors.ts';

/** TLS material towards one API server, as node:tls takes it. */
export interface TlsMaterial {
  ca?: string | Buffer;
  cert?: string | Buffer;
  key?: string | Buffer;
  servername?: string;
  rejectUnauthorized?: boolean;
}

/** What a request has to carry right now. */
export interface Credential {
  /** Value of the Authorization header; absent with client certificates. */
  authorization: string | undefined;
  tls: TlsMaterial;
}

/** How long a credential is used before it is asked for again: token files and exec plugins rotate theirs. */
const credentialLifetimeMs = 10_000;

/**
 * The way to one cluster: address, TLS, proxy and credential, as a kubeconfig says. Tokens, token files, client
 * certificates, exec plugins and OIDC are read by @kubernetes/client-node.
 */
export class ClusterAccess {
  readonly #kubeConfig: KubeConfig;
  /** Base address, path prefix included and without a slash at its end (Spaces put a control plane below a path). */
  readonly server: URL;
  readonly proxyUrl: string | undefined;
  readonly skipsTlsVerify: boolean;
  #credential: Promise<Credential> | undefined;
  #expires = 0;

  constructor(kubeConfig: KubeConfig) {
    const cluster = kubeConfig.getCurrentCluster();
    if (!cluster) {
      throw new ConnectorError(
        'kubeconfig-invalid',
        `the kubeconfig's current-context "${kubeConfig.getCurrentContext() ?? ''}" names no cluster; set current-context to one of: ${kubeConfig
          .getContexts()
          .map((context) => context.name)
          .join(', ')}`,
      );
    }
    if (!URL.canParse(cluster.server) || !/^https?:$/.test(new URL(cluster.server).protocol)) {
      throw new ConnectorError(
        'kubeconfig-invalid',
        `the kubeconfig's server "${cluster.server}" is not an https address`,
      );
    }
    this.#kubeConfig = kubeConfig;
    this.server = new URL(cluster.server.replace(/\/+$/, ''));
    this.proxyUrl = cluster.proxyUrl;
    this.skipsTlsVerify = cluster.skipTLSVerify;
  }

  /** Path prefix before `/api` and `/apis`: empty for most clusters. */
  get basePath(): string {
    return this.server.pathname === '/' ? '' : this.server.pathname;
  }

  /** The credential of this moment. Throws ConnectorError `credential-unavailable` when a plugin or file fails. */
  credential(): Promise<Credential> {
    const now = Date.now();
    if (this.#credential && now < this.#expires) return this.#credential;
    this.#expires = now + credentialLifetimeMs;
    this.#credential = this.#read();
    this.#credential.catch(() => this.forgetCredential());
    return this.#credential;
  }

  /** After a 401: the next request asks the plugin or file again. */
  forgetCredential(): void {
    this.#credential = undefined;
  }

  async #read(): Promise<Credential> {
    const options: RequestOptions = {};
    try {
      await this.#kubeConfig.applyToHTTPSOptions(options);
    } catch (cause) {
      throw new ConnectorError(
        'credential-unavailable',
        `no credential for ${this.server.host}: ${describeError(cause)}`,
        {
          cause,
        },
      );
    }
    const headers = options.headers as Record<string, string> | undefined;
    const tls: TlsMaterial = {};
    if (options.ca) tls.ca = options.ca as Buffer;
    if (options.cert) tls.cert = options.cert as Buffer;
    if (options.key) tls.key = options.key as Buffer;
    if (options.servername) tls.servername = options.servername;
    if (options.rejectUnauthorized === false) tls.rejectUnauthorized = false;
    const basic = options.auth ? `Basic ${Buffer.from(options.auth).toString('base64')}` : undefined;
    return { authorization: headers?.['Authorization'] ?? basic, tls };
  }
}

/** Reads a kubeconfig's text. `origin` says in errors where it came from. */
export function accessFromKubeconfig(text: string, origin: string): ClusterAccess {
  const kubeConfig = new KubeConfig();
  try {
    kubeConfig.loadFromString(text);
  } catch (cause) {
    throw new ConnectorError('kubeconfig-invalid', `${origin} is not a kubeconfig: ${describeError(cause)}`, {
      cause,
    });
  }
  if (kubeConfig.getClusters().length === 0) {
    throw new ConnectorError('kubeconfig-invalid', `${origin} is not a kubeconfig: it lists no clusters`);
  }
  return new ClusterAccess(kubeConfig);
}

/** A kubeconfig file; relative paths in it are resolved against its folder. */
export function accessFromFile(file: string): ClusterAccess {
  const kubeConfig = new KubeConfig();
  try {
    kubeConfig.loadFromFile(file);
    kubeConfig.makePathsAbsolute(file.replace(/[^/]*$/, '') || '.');
  } catch (cause) {
    throw new ConnectorError(
      'kubeconfig-invalid',
      `cannot read the kubeconfig ${file}: ${describeError(cause)}`,
      { cause },
    );
  }
  return new ClusterAccess(kubeConfig);
}

/** The pod's own service account, else the user's kubeconfig as kubectl finds it. */
export function accessFromEnvironment(): ClusterAccess {
  const kubeConfig = new KubeConfig();
  try {
    kubeConfig.loadFromDefault();
  } catch (cause) {
    throw new ConnectorError(
      'kubeconfig-invalid',
      `no kubeconfig found: ${describeError(cause)}; name one with --kubeconfig`,
      {
        cause,
      },
    );
  }
  return new ClusterAccess(kubeConfig);
}
