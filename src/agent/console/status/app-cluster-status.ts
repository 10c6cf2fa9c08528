import { type ClusterEvent, lastSeenOf } from '../../../apimachinery/cluster-event.ts';
import { describeError } from '../../../base/errors.ts';
import { eventPath } from '../../../clusters/api-paths.ts';
import type { KubeClient } from '../../../clusters/kube-client.ts';
import { type Check, failed, warning } from '../../../connecting/check.ts';
import { readConnection } from '../../../connecting/connection.ts';
import { expiryChecks } from '../../../connecting/credentials.ts';
import { readStatus, type Status } from '../../../connecting/status.ts';
import type { Release } from '../../../controllers/registry/api-service-owner.ts';
import type { ConnectorEvent, ConnectorStatus, StatusSource } from './connector-status.ts';

/** Several browsers may look, and look again. */
const keptMs = 5_000;
const shownEvents = 10;

/**
 * What `mcp-connector status` shows, read with the gateway's own credential in the app cluster. The control plane is left out: its
 * credential is the connector's, and the gateway has no right to read that Secret.
 */
export class AppClusterStatus implements StatusSource {
  readonly #app: KubeClient;
  readonly #release: Release;
  #last: { at: number; answer: Promise<ConnectorStatus> } | undefined;

  constructor(app: KubeClient, release: Release) {
    this.#app = app;
    this.#release = release;
  }

  read(): Promise<ConnectorStatus> {
    const now = Date.now();
    if (!this.#last || now - this.#last.at > keptMs) this.#last = { at: now, answer: this.#read() };
    return this.#last.answer;
  }

  async #read(): Promise<ConnectorStatus> {
    const connection = await readConnection(this.#app, this.#release);
    const status = await readStatus(this.#app, connection, undefined, false);
    const unseen: string[] = [];
    const events = await this.#events().catch((error: unknown) => {
      unseen.push(`Events: ${describeError(error)}`);
      return [];
    });
    if (!status.credentials.some(({ name }) => name === 'serving certificate'))
      unseen.push(
        'The serving certificate: the gateway may not read its Secret. The metric mcp_connector_certificate_expiration_timestamp_seconds and mcp-connector status tell when it ends.',
      );
    return { status, problems: problemsOf(status), events, unseen };
  }

  /** Those that the connector wrote: about itself, and, in `default`, about APIServices. */
  async #events(): Promise<ConnectorEvent[]> {
    const query = { fieldSelector: 'type=Warning,reportingComponent=mcp-connector', limit: '500' };
    const lists = await Promise.all(
      [...new Set([this.#release.namespace, 'default'])].map((namespace) =>
        this.#app.get<{ items: ClusterEvent[] }>(eventPath(namespace), { query }),
      ),
    );
    return lists
      .flatMap(({ items }) => items)
      .toSorted((a, b) => lastSeenOf(b) - lastSeenOf(a))
      .slice(0, shownEvents)
      .map((event) => ({
        time: new Date(lastSeenOf(event)).toISOString(),
        object: `${event.involvedObject.kind ?? ''} ${event.involvedObject.name ?? ''}`,
        reason: event.reason ?? '',
        message: event.message ?? '',
        count: event.series?.count ?? event.count ?? 1,
      }));
  }
}

function problemsOf({ pods, apis, conflicts, credentials }: Status): Check[] {
  const problems: Check[] = [];
  if (pods && pods.ready < pods.wanted)
    problems.push(
      (pods.ready === 0 ? failed : warning)(
        'Replicas',
        `${pods.ready} of ${pods.wanted} are ready`,
        'kubectl describe the pods of the release',
      ),
    );
  for (const { resource, available, reason = '' } of apis)
    if (!available) problems.push(failed(resource, `is not Available: ${reason}`, 'mcp-connector doctor'));
  for (const { apiService, owner } of conflicts)
    problems.push(
      warning(
        apiService,
        `is not connected: it belongs to ${owner}`,
        'remove the other one, or deny this API',
      ),
    );
  const expiring = expiryChecks(credentials, Date.now());
  return [...problems, ...expiring.filter(({ state }) => state !== 'ok')];
}
