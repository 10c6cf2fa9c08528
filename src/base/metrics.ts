import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** Of durations, in seconds: from an answer out of memory to the longest that anybody waits. */
export const durationBuckets = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
];

/** What operators count. Names: `mcp_connector_<noun>_<unit>` or `_total`. */
export class Metrics {
  readonly registry = new Registry();

  readonly requests = new Counter({
    name: 'mcp_connector_requests_total',
    help: 'Requests answered, by verb, resource and status code; the reason says why, where the code is 400 or more.',
    labelNames: ['verb', 'resource', 'code', 'reason'] as const,
    registers: [this.registry],
  });

  readonly requestSeconds = new Histogram({
    name: 'mcp_connector_request_duration_seconds',
    help: 'Time from the request line to the end of the answer; watches are left out.',
    labelNames: ['verb'] as const,
    buckets: durationBuckets,
    registers: [this.registry],
  });

  readonly watches = new Gauge({
    name: 'mcp_connector_watches',
    help: 'Watches that are open, by resource.',
    labelNames: ['resource'] as const,
    registers: [this.registry],
  });

  /** How many requests are under way; asked when somebody scrapes. */
  countInflight: () => number = () => 0;

  readonly requestsInflight: Gauge = new Gauge({
    name: 'mcp_connector_requests_inflight',
    help: 'Requests about resources that are under way, watches left out.',
    registers: [this.registry],
    collect: () => this.requestsInflight.set(this.countInflight()),
  });

  readonly requestsRejected = new Counter({
    name: 'mcp_connector_requests_rejected_total',
    help: 'Requests answered with 429 because too many were under way, by the limit that was reached.',
    labelNames: ['reason'] as const,
    registers: [this.registry],
  });

  readonly watchesStalled = new Counter({
    name: 'mcp_connector_watches_stalled_total',
    help: 'Watches that were ended because their reader took nothing.',
    registers: [this.registry],
  });

  readonly connectedResources = new Gauge({
    name: 'mcp_connector_connected_resources',
    help: 'Resources that are served, one per kind and version.',
    registers: [this.registry],
  });

  readonly apiServiceConflicts = new Gauge({
    name: 'mcp_connector_apiservice_conflicts',
    help: 'Group versions of the control plane whose APIService belongs to somebody else.',
    registers: [this.registry],
  });

  readonly claimsOrphaned = new Counter({
    name: 'mcp_connector_claims_orphaned_total',
    help: 'Claims that stayed on the control plane when their namespace was deleted, as the policy for them says.',
    labelNames: ['resource'] as const,
    registers: [this.registry],
  });

  readonly claimsWithoutNamespace = new Gauge({
    name: 'mcp_connector_claims_without_namespace',
    help: 'Claims on the control plane whose namespace is gone from the app cluster.',
    registers: [this.registry],
  });

  readonly connectionSecretsRefused = new Gauge({
    name: 'mcp_connector_connection_secrets_refused',
    help: 'Connection secrets that cannot be delivered, because a Secret of somebody else is in the way or the app cluster refuses them.',
    registers: [this.registry],
  });

  readonly claimEvents = new Counter({
    name: 'mcp_connector_claim_events_total',
    help: 'Events of the control plane about claims, by what became of them in the app cluster: brought, updated, dropped by a limit, failed.',
    labelNames: ['result'] as const,
    registers: [this.registry],
  });

  readonly catalogLastChange = new Gauge({
    name: 'mcp_connector_catalog_last_change_timestamp_seconds',
    help: 'When the connected APIs, or a document about them, changed last; 0 while none are known.',
    registers: [this.registry],
  });

  readonly catalogLastRefresh = new Gauge({
    name: 'mcp_connector_catalog_last_refresh_timestamp_seconds',
    help: 'When the connected APIs were last compared with the control plane; 0 since a start without it.',
    registers: [this.registry],
  });

  readonly certificateExpiration = new Gauge({
    name: 'mcp_connector_certificate_expiration_timestamp_seconds',
    help: 'When a certificate that the connector serves, shows or relies on expires.',
    labelNames: ['certificate'] as const,
    registers: [this.registry],
  });

  readonly credentialExpiration = new Gauge({
    name: 'mcp_connector_credential_expiration_timestamp_seconds',
    help: 'When the token for the control plane expires; 0 where it says nothing of that.',
    registers: [this.registry],
  });

  readonly leader = new Gauge({
    name: 'mcp_connector_leader',
    help: '1 in the replica that holds the Lease, which registers the APIs and copies Secrets; 0 in the others.',
    registers: [this.registry],
  });

  /** Name and state of each readiness check; asked when somebody scrapes. */
  readinessChecks: () => Iterable<[name: string, isPassed: boolean]> = () => [];

  readonly readiness = new Gauge({
    name: 'mcp_connector_readiness_check',
    help: '1 for a check of /readyz that passes, 0 for one that fails; its reason stands in /readyz.',
    labelNames: ['check'] as const,
    registers: [this.registry],
    collect: () => {
      for (const [check, isPassed] of this.readinessChecks()) this.readiness.set({ check }, Number(isPassed));
    },
  });

  readonly auditEvents = new Counter({
    name: 'mcp_connector_audit_events_total',
    help: 'Lines that were handed to the audit log.',
    registers: [this.registry],
  });

  readonly auditEventsDropped = new Counter({
    name: 'mcp_connector_audit_events_dropped_total',
    help: 'Of these, lines that found no room, because the file or its reader is too slow.',
    registers: [this.registry],
  });

  readonly buildInfo = new Gauge({
    name: 'mcp_connector_build_info',
    help: 'Always 1; the labels say what runs.',
    labelNames: ['version', 'node_version'] as const,
    registers: [this.registry],
  });

  readonly controlPlaneUp = new Gauge({
    name: 'mcp_connector_control_plane_up',
    help: '1 while requests are sent to the control plane, 0 while they are refused because it cannot serve them.',
    registers: [this.registry],
  });

  readonly circuitOpens = new Counter({
    name: 'mcp_connector_circuit_open_total',
    help: 'How often requests stopped being sent to a control plane that was in use.',
    registers: [this.registry],
  });

  readonly kubeconfigUnusable = new Gauge({
    name: 'mcp_connector_kubeconfig_unusable',
    help: '1 while the kubeconfig of the control plane cannot be used, whether or not an earlier one still serves.',
    registers: [this.registry],
  });

  readonly upstreamSeconds = new Histogram({
    name: 'mcp_connector_upstream_request_duration_seconds',
    help: 'Time from sending a request to the control plane to the header of its answer, by HTTP method (WATCH for watches) and status code (<error> where none came).',
    labelNames: ['verb', 'code'] as const,
    buckets: durationBuckets,
    registers: [this.registry],
  });

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }
}
