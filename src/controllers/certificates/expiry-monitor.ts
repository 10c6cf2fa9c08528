import type { X509Certificate } from 'node:crypto';
import { type Clock, systemClock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { Metrics } from '../../base/metrics.ts';
import type { Credential } from '../../clusters/credential.ts';

/** What ends, and when. Asked again and again: it may be another one by then, or not be there. */
export interface ExpirySources {
  certificates: Record<string, () => X509Certificate | undefined>;
  /** Towards the control plane. */
  credential: () => Pick<Credential, 'expiresAt'> | undefined;
}

export interface ExpiryMonitorOptions {
  sources: ExpirySources;
  metrics: Pick<Metrics, 'certificateExpiration' | 'credentialExpiration'>;
  log: Logger;
  clock?: Clock;
}

const lookEveryMs = 10_000;
const dayMs = 86_400_000;
/** Renewers have had most of the lifetime by then, and people have a week where it is a long one. */
const warnBeforeMs = 7 * dayMs;
const warnShare = 0.2;

/** Says in metrics when certificates and the credential end, and warns once a day about a certificate that ends soon. */
export class ExpiryMonitor {
  readonly #options: ExpiryMonitorOptions;
  readonly #clock: Clock;
  readonly #abort = new AbortController();
  readonly #warnedAt = new Map<string, number>();
  #done: Promise<void> | undefined;

  constructor(options: ExpiryMonitorOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  start(): this {
    this.#done ??= this.#run();
    return this;
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#done;
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted) {
      this.#look();
      await this.#clock.sleep(lookEveryMs, signal).catch(() => undefined);
    }
  }

  #look(): void {
    const { sources, metrics } = this.#options;
    for (const [name, read] of Object.entries(sources.certificates)) {
      const certificate = read();
      if (!certificate) {
        metrics.certificateExpiration.remove(name);
        continue;
      }
      const end = certificate.validToDate.getTime();
      metrics.certificateExpiration.set({ certificate: name }, end / 1_000);
      this.#warn(name, end, end - certificate.validFromDate.getTime());
    }
    metrics.credentialExpiration.set((sources.credential()?.expiresAt ?? 0) / 1_000);
  }

  #warn(certificate: string, end: number, lifetimeMs: number): void {
    const now = this.#clock.now();
    if (end - now >= Math.min(warnBeforeMs, lifetimeMs * warnShare)) {
      this.#warnedAt.delete(certificate);
      return;
    }
    if (now - (this.#warnedAt.get(certificate) ?? -Infinity) < dayMs) return;
    this.#warnedAt.set(certificate, now);
    const notAfter = new Date(end).toISOString();
    this.#options.log.warn(
      { certificate, notAfter },
      end <= now ? 'a certificate has expired' : 'a certificate expires soon',
    );
  }
}
