import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** What operators count. Names: `mcp_connector_<noun>_<unit>` or `_total`. */
export class Metrics {
  readonly registry = new Registry();

  readonly requests = new Counter({
    name: 'mcp_connector_requests_total',
    help: 'Requests answered, by verb, resource and status code.',
    labelNames: ['verb', 'resource', 'code'] as const,
    registers: [this.registry],
  });

  readonly requestSeconds = new Histogram({
    name: 'mcp_connector_request_duration_seconds',
    help: 'Time from the request line to the end of the answer; watches are left out.',
    labelNames: ['verb'] as const,
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
    registers: [this.registry],
  });

  readonly watches = new Gauge({
    name: 'mcp_connector_watches',
    help: 'Watches that are open.',
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

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }
}
