import { spawn } from 'node:child_process';
import type { Cluster, User } from '@kubernetes/client-node/dist/config_types.js';
import { ExecAuth } from '@kubernetes/client-node/dist/exec_auth.js';
import { redacted } from '../base/redaction.ts';

/** The `exec` of a kubeconfig's user (client-go/tools/clientcmd/api/v1 ExecConfig), as far as it is used here. */
export interface ExecConfig {
  apiVersion?: string;
  command: string;
  args?: string[];
  env?: { name: string; value: string }[];
  provideClusterInfo?: boolean;
}

/** What a plugin printed: ExecCredential of client.authentication.k8s.io. */
export interface ExecCredential {
  token: string | undefined;
  cert: string | undefined;
  key: string | undefined;
  /** Milliseconds since the epoch; undefined while it says none, and then it holds until it is refused. */
  expiresAt: number | undefined;
}

interface Printed {
  status?: {
    token?: string;
    clientCertificateData?: string;
    clientKeyData?: string;
    expirationTimestamp?: string;
  };
}

/** A plugin may ask a distant identity provider, but nobody is there to answer its questions. */
const timeoutMs = 30_000;
/** Not run again sooner after a refusal: many requests are refused at once. */
const pauseMs = 1_000;

/**
 * A credential plugin. It is run by @kubernetes/client-node, whose own cache is not used: that one keeps a credential
 * without an expiry for ever, where client-go runs the plugin again after a 401
 * (client-go/plugin/pkg/client/auth/exec/exec.go maybeRefreshCreds).
 */
export class ExecPlugin {
  readonly #config: ExecConfig;
  readonly #cluster: Cluster;
  #last: { credential: ExecCredential; ranAt: number } | undefined;
  #isRefused = false;

  constructor(config: ExecConfig, cluster: Cluster) {
    this.#config = config;
    this.#cluster = cluster;
  }

  /** Rejects with what the plugin said on standard error when it fails, credentials left out. */
  async credential(): Promise<ExecCredential> {
    const last = this.#last;
    const now = Date.now();
    const hasExpired = last?.credential.expiresAt !== undefined && now >= last.credential.expiresAt;
    const isDue = hasExpired || this.#isRefused;
    if (last && !(isDue && now - last.ranAt >= pauseMs)) return last.credential;
    const credential = await this.#run();
    this.#isRefused = false;
    this.#last = { credential, ranAt: now };
    return credential;
  }

  /** After a 401: it is run again. */
  refused(): void {
    this.#isRefused = true;
  }

  async #run(): Promise<ExecCredential> {
    const runner = new ExecAuth() as unknown as {
      execFn: (command: string, args: string[], options: object) => unknown;
      getCredential: (user: User) => Promise<Printed>;
    };
    runner.execFn = (command, args, options) =>
      spawn(command, args ?? [], { ...options, stdio: ['ignore', 'pipe', 'pipe'], timeout: timeoutMs });
    const env = [...(this.#config.env ?? []), { name: 'KUBERNETES_EXEC_INFO', value: this.#info() }];
    const exec = { ...this.#config, env };
    const { status } = await runner
      .getCredential({ name: 'plugin', exec })
      .catch((cause: unknown) => Promise.reject(this.#failure(cause)));
    if (!status?.token && !(status?.clientCertificateData && status.clientKeyData))
      throw new Error(`${this.#config.command} printed no credential`);
    const expiresAt = Date.parse(status.expirationTimestamp ?? '');
    return {
      token: status.token,
      cert: status.clientCertificateData,
      key: status.clientKeyData,
      expiresAt: Number.isNaN(expiresAt) ? undefined : expiresAt,
    };
  }

  /** Of what it printed only what is no credential: a token may stand in standard error, and in what is no JSON. */
  #failure(cause: unknown): Error {
    const { command } = this.#config;
    if (cause instanceof SyntaxError)
      return new Error(`${command} printed something that is no ExecCredential`);
    const { message, code } = cause as Error & { code?: string };
    return new Error(`${command} failed: ${code ?? redacted(message)}`);
  }

  /** What a plugin may ask for; some end without it. */
  #info(): string {
    const { apiVersion = 'client.authentication.k8s.io/v1', provideClusterInfo } = this.#config;
    const { server, caData, skipTLSVerify } = this.#cluster;
    const cluster = {
      server,
      ...(caData ? { 'certificate-authority-data': caData } : {}),
      ...(skipTLSVerify ? { 'insecure-skip-tls-verify': true } : {}),
    };
    const spec = { interactive: false, ...(provideClusterInfo === true ? { cluster } : {}) };
    return JSON.stringify({ apiVersion, kind: 'ExecCredential', spec });
  }
}
