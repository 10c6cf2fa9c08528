import type { Secret } from '../../apimachinery/objects.ts';
import { Backoff, type Clock, systemClock } from '../../base/clock.ts';
import { describeError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import { secretPath } from '../../clusters/api-paths.ts';
import { isConflict, isNotFound, type KubeClient } from '../../clusters/kube-client.ts';
import { type CertificateBundle, renewBundle } from './certificate-bundle.ts';

export interface ServingCertificateOptions {
  client: KubeClient;
  namespace: string;
  /** Of type kubernetes.io/tls, with ca.crt and ca.key besides. */
  secretName: string;
  /** Name of the Service that the APIServices point to. */
  serviceName: string;
  /** Host name or IP address at which the connector is reached from outside the cluster. */
  externalHost?: string | undefined;
  log: Logger;
  clock?: Clock;
}

/** PEM, as node:tls and `spec.caBundle` (after base64) take it. */
export interface ServingMaterial {
  cert: string;
  key: string;
  /** Every CA that may have signed a certificate in use; more than one while the CA is changed. */
  caBundle: string;
}

const rereadMs = 5_000;

/**
 * The certificate all replicas serve with, kept in one Secret. Any replica makes or renews it, guarded by the Secret's
 * resourceVersion, and the others follow within seconds. While the Secret cannot be read the last one is served; when it
 * is gone, the last one is stored again: a new CA would be unknown to API servers for a moment. Without its key `ca.key`
 * the Secret gets a new CA beside the old one, in the order of certificate-bundle.ts.
 */
export class ServingCertificate {
  readonly #options: ServingCertificateOptions;
  readonly #clock: Clock;
  readonly #names: readonly string[];
  readonly #abort = new AbortController();
  readonly #first = Promise.withResolvers<void>();
  readonly #listeners = new Set<(material: ServingMaterial) => void>();
  #current: ServingMaterial | undefined;
  #bundle: CertificateBundle | undefined;
  #done: Promise<void> | undefined;

  constructor(options: ServingCertificateOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    const { serviceName, namespace, externalHost } = options;
    const service = `${serviceName}.${namespace}.svc`;
    this.#names = [
      ...new Set([service, `${service}.cluster.local`, 'localhost', ...(externalHost ? [externalHost] : [])]),
    ];
  }

  /** Only after `start` has resolved. */
  current(): ServingMaterial {
    if (!this.#current) throw new Error('the serving certificate is asked for before it was loaded');
    return this.#current;
  }

  /** Called with each certificate after the first. Returns how to be forgotten. */
  onChange(listener: (material: ServingMaterial) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Resolves with the first certificate, however long the app cluster takes; rejects only when stopped before. */
  start(): Promise<void> {
    this.#done ??= this.#run();
    return this.#first.promise;
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#done;
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort;
    const backoff = new Backoff(500, 30_000);
    while (!signal.aborted) {
      let pause = rereadMs;
      try {
        this.#take(await this.#ensure());
        backoff.reset();
      } catch (error) {
        pause = backoff.next();
        // A conflict only means that another replica was faster.
        if (!signal.aborted && !isConflict(error)) this.#complain(error);
      }
      await this.#clock.sleep(pause, signal).catch(() => undefined);
    }
    this.#first.promise.catch(() => undefined);
    this.#first.reject(new Error('stopped before a serving certificate was loaded'));
  }

  /** The Secret's content after what had to be made or renewed was stored. Throws a conflict when another was faster. */
  async #ensure(): Promise<CertificateBundle> {
    const { client, namespace, secretName: name, log } = this.#options;
    const call = { signal: this.#abort.signal };
    const path = secretPath(namespace, name);
    const secret = await client.get<Secret>(path, call).catch(absentOrThrow);
    const stored = (secret ? undefined : this.#bundle) ?? bundleOf(secret);
    const renewed = (await renewBundle(stored, this.#names, this.#clock.now())) ?? stored;
    if (secret && renewed === stored) return stored;
    if (secret) {
      await client.replace(path, { ...secret, data: { ...secret.data, ...dataOf(renewed) } }, call);
    } else {
      const metadata = { name, namespace };
      const body = {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata,
        type: 'kubernetes.io/tls',
        data: dataOf(renewed),
      };
      await client.create(secretPath(namespace), body, call);
    }
    log.info(
      { namespace, name, names: this.#names },
      secret ? 'serving certificate renewed' : 'serving certificate created',
    );
    return renewed;
  }

  #take(bundle: CertificateBundle): void {
    const { serving, authorities } = bundle;
    this.#bundle = bundle;
    const next = { cert: serving.cert, key: serving.key, caBundle: authorities };
    const last = this.#current;
    if (last && last.cert === next.cert && last.key === next.key && last.caBundle === next.caBundle) return;
    this.#current = next;
    this.#first.resolve();
    if (last) for (const listener of this.#listeners) this.#tell(listener, next);
  }

  #tell(listener: (material: ServingMaterial) => void, material: ServingMaterial): void {
    try {
      listener(material);
    } catch (error) {
      this.#options.log.error(
        { reason: describeError(error) },
        'a listener of the serving certificate failed',
      );
    }
  }

  #complain(error: unknown): void {
    const { namespace, secretName: name, log } = this.#options;
    log.warn(
      { namespace, name, reason: describeError(error) },
      'the serving certificate cannot be read or stored',
    );
  }
}

function absentOrThrow(error: unknown): undefined {
  if (isNotFound(error)) return undefined;
  throw error;
}

function bundleOf(secret: Secret | undefined): CertificateBundle {
  const read = (key: string) => Buffer.from(secret?.data?.[key] ?? '', 'base64').toString();
  return {
    serving: { cert: read('tls.crt'), key: read('tls.key') },
    authorities: read('ca.crt'),
    authorityKey: read('ca.key'),
  };
}

function dataOf({ serving, authorities, authorityKey }: CertificateBundle): Record<string, string> {
  const data = {
    'tls.crt': serving.cert,
    'tls.key': serving.key,
    'ca.crt': authorities,
    'ca.key': authorityKey,
  };
  return Object.fromEntries(
    Object.entries(data).map(([key, pem]) => [key, Buffer.from(pem).toString('base64')]),
  );
}
