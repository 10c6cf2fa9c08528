import { readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { parser } from '@prometheus-io/lezer-promql';
import { AgentMetrics } from '../../src/agent/agent-metrics.ts';
import { Metrics } from '../../src/base/metrics.ts';
import { find, helm, type Manifest, renderChart, repository } from './rendered-chart.ts';

interface Alert {
  alert: string;
  expr: string;
  for?: string;
  labels: { severity: string };
  annotations: { summary: string; description: string; runbook_url: string };
}

interface Dashboard {
  panels: { title: string; gridPos: { x: number; y: number; w: number }; targets: { expr: string }[] }[];
  templating: { list: { name: string; query: string | { query: string } }[] };
}

interface Sample {
  metric: string;
  labels: string[];
}

/** Labels that Prometheus adds to every sample. */
const targetLabels = new Set(['job', 'namespace', 'pod', 'instance', 'service', 'le']);
const known = new Map<string, Set<string>>();
const observed = ['metrics.rules.enabled=true', 'metrics.dashboard.enabled=true'];
let manifests: Manifest[];
let ofAgent: Manifest[];

beforeAll(async () => {
  await helm();
  manifests = await renderChart({ mode: 'full' });
  ofAgent = await renderChart({ mode: 'agent', set: observed });
  for (const { name, type, labelNames } of [...describeRegistry(), ...describeRegistry(new AgentMetrics())]) {
    const suffixes = type === 'histogram' ? ['_bucket', '_sum', '_count'] : [''];
    for (const suffix of suffixes) known.set(name + suffix, new Set(labelNames));
  }
}, 600_000);

function describeRegistry({ registry }: Pick<Metrics, 'registry'> = new Metrics()): {
  name: string;
  type: string;
  labelNames: string[];
  help: string;
}[] {
  return registry
    .getMetricsAsArray()
    .map((metric) => metric as unknown as { name: string; type: string; labelNames: string[]; help: string });
}

function alertsOf(rendered: Manifest[], name: string): Alert[] {
  const { spec } = find(rendered, 'PrometheusRule', name) as unknown as {
    spec: { groups: { rules: Alert[] }[] };
  };
  return spec.groups.flatMap((group) => group.rules);
}

function dashboardOf(rendered: Manifest[], name: string): Dashboard {
  const { data } = find(rendered, 'ConfigMap', `${name}-dashboard`) as unknown as {
    data: Record<string, string>;
  };
  return JSON.parse(data[`${name}.json`] ?? '') as Dashboard;
}

/** Grafana fills these in before Prometheus reads the expression. */
function asPrometheusReads(expr: string): string {
  return expr.replaceAll('$__rate_interval', '5m').replaceAll(/\$\w+/g, 'x');
}

/** What an expression reads, and the labels it asks for or groups by. Throws where Prometheus' own grammar finds a fault. */
function samplesOf(expr: string): Sample[] {
  const text = asPrometheusReads(expr);
  const samples: Sample[] = [];
  const groupings: string[] = [];
  parser.parse(text).iterate({
    enter: (node) => {
      const own = text.slice(node.from, node.to);
      if (node.type.isError) throw new Error(`${expr}: not PromQL at ${node.from}`);
      if (node.name === 'VectorSelector') {
        const [metric = ''] = /^[\w:]*/.exec(own) ?? [];
        samples.push({
          metric,
          labels: [...own.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label]) => label ?? ''),
        });
      }
      if (node.name === 'GroupingLabels') groupings.push(...(own.match(/\w+/g) ?? []));
    },
  });
  return samples.map(({ metric, labels }) => ({ metric, labels: [...labels, ...groupings] }));
}

/** What of an expression nobody would ever see. */
function unknownIn(expr: string): string[] {
  const samples = samplesOf(expr);
  const metrics = samples.filter(({ metric }) => !known.has(metric)).map(({ metric }) => metric);
  const all = new Set(samples.flatMap(({ metric }) => [...(known.get(metric) ?? [])]));
  const labels = samples.flatMap((sample) => sample.labels);
  return [...metrics, ...labels.filter((label) => !all.has(label) && !targetLabels.has(label))];
}

/** Anchors of a page, as GitHub makes them of its headings. */
function anchorsOf(page: string): Set<string> {
  const text = readFileSync(path.join(repository, page), 'utf8');
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading]) => heading ?? '');
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\w\- ]/g, '')
        .replaceAll(' ', '-'),
    ),
  );
}

describe('the metrics', () => {
  it('have a name, a unit and a help text as Prometheus wants them, and no label without bounds [observe.metrics.form]', () => {
    const all = [...describeRegistry(), ...describeRegistry(new AgentMetrics())];
    const own = all.filter(({ name }) => name.startsWith('mcp_connector_'));
    expect(own.length).toBeGreaterThan(15);
    expect(own.filter(({ help }) => !/^\S.*\.$/.test(help))).toEqual([]);
    expect(own.filter(({ name, type }) => (type === 'counter') !== name.endsWith('_total'))).toEqual([]);
    expect(own.filter(({ name, type }) => type === 'histogram' && !name.endsWith('_seconds'))).toEqual([]);
    expect(own.filter(({ name }) => /_(milliseconds|ms|minutes|kilobytes)(_|$)/.test(name))).toEqual([]);
    const unbounded = new Set(['user', 'caller', 'name', 'namespace', 'path', 'uid', 'message', 'le']);
    expect(own.filter(({ labelNames }) => labelNames.some((label) => unbounded.has(label)))).toEqual([]);
  });
});

function watchLimitsOf(rendered: Manifest[]): string[] {
  return alertsOf(rendered, 'mcp-connector')
    .filter(({ alert }) => alert === 'McpConnectorWatchesNearLimit')
    .map(({ expr }) => expr.replace(/^.* > /, ''));
}

describe('the alerts', () => {
  it('are left out unless they are asked for', async () => {
    const rendered = await renderChart();
    expect(rendered.filter(({ kind }) => kind === 'PrometheusRule' || kind === 'ConfigMap')).toEqual([]);
  });

  it('ask only for metrics and labels that there are, of this release [observe.alerts.metrics]', () => {
    const alerts = alertsOf(manifests, 'mcp-connector');
    expect(alerts.length).toBeGreaterThan(10);
    expect(alerts.map(({ alert, expr }) => [alert, unknownIn(expr)])).toEqual(
      alerts.map(({ alert }) => [alert, []]),
    );
    const selector = 'job="team-a-connector",namespace="kube-system"';
    const elsewhere = alerts.filter(({ expr }) => samplesOf(expr).length !== expr.split(selector).length - 1);
    expect(elsewhere).toEqual([]);
  });

  it('are others for the agent gateway, of its own metrics and its own job [observe.alerts.metrics]', async () => {
    const name = 'mcp-connector-agent';
    const alerts = alertsOf(ofAgent, name);
    expect(alerts.map(({ expr }) => unknownIn(expr))).toEqual(alerts.map(() => []));
    const read = alerts.flatMap(({ expr }) => samplesOf(expr).map(({ metric }) => metric));
    expect(read.filter((metric) => !metric.startsWith('mcp_connector_agent_'))).toEqual([]);
    const selector = `job="${name}",namespace="kube-system"`;
    expect(alerts.filter(({ expr }) => samplesOf(expr).length !== expr.split(selector).length - 1)).toEqual(
      [],
    );
    const set = [...observed, 'metrics.rules.agentJob=agents'];
    expect(alertsOf(await renderChart({ mode: 'agent', set }), name)[0]?.expr).toContain('job="agents"');
  });

  it('say what is wrong, and lead to what to do [observe.alerts.runbook]', async () => {
    const anchors = anchorsOf('docs/troubleshooting.md');
    const set = [...observed, 'metrics.rules.runbookURL=https://wiki.example.org/mcp-connector'];
    const agents = alertsOf(await renderChart({ mode: 'agent', set }), 'mcp-connector-agent');
    expect(agents.length).toBeGreaterThan(3);
    for (const { alert, labels, annotations } of [...alertsOf(manifests, 'mcp-connector'), ...agents]) {
      expect([alert, Object.keys(annotations)]).toEqual([alert, ['description', 'runbook_url', 'summary']]);
      expect([alert, labels.severity]).toEqual([alert, expect.stringMatching(/^(critical|warning)$/)]);
      const [page, anchor] = annotations.runbook_url.split('#');
      expect(page).toBe('https://wiki.example.org/mcp-connector');
      expect([alert, anchors.has(anchor ?? '')]).toEqual([alert, true]);
    }
    const byDefault = alertsOf(await renderChart({ set: ['metrics.rules.enabled=true'] }), 'mcp-connector');
    expect(byDefault[0]?.annotations.runbook_url).toMatch(/^docs\/troubleshooting\.md#/);
    expect(byDefault[0]?.expr).toContain('job="mcp-connector"');
  });

  it('know the limit of watches, and leave it out where there is none', async () => {
    const set = ['metrics.rules.enabled=true'];
    expect(watchLimitsOf(await renderChart({ set: [...set, 'limits.maxWatches=50'] }))).toEqual(['0.8 * 50']);
    expect(watchLimitsOf(await renderChart({ set: [...set, 'limits.maxWatches=0'] }))).toEqual([]);
  });
});

describe('the dashboard', () => {
  it('is found by the sidecar of Grafana, where it looks', () => {
    const { metadata } = find(manifests, 'ConfigMap', 'mcp-connector-dashboard');
    expect(metadata).toMatchObject({
      namespace: 'monitoring',
      labels: { grafana_dashboard: '1', team: 'platform' },
    });
  });

  it.each([
    ['mcp-connector', 'mcp_connector_build_info', () => manifests],
    ['mcp-connector-agent', 'mcp_connector_agent_build_info', () => ofAgent],
  ])(
    'of %s asks only for metrics and labels that there are [observe.dashboard.metrics]',
    (release, info, rendered) => {
      const { panels, templating } = dashboardOf(rendered(), release);
      const exprs = panels.flatMap(({ title, targets }) => targets.map(({ expr }) => ({ title, expr })));
      expect(exprs.length).toBeGreaterThan(12);
      expect(exprs.map(({ title, expr }) => [title, unknownIn(expr)])).toEqual(
        exprs.map(({ title }) => [title, []]),
      );
      const variables = new Set(templating.list.map(({ name }) => name));
      const used = exprs.flatMap(({ expr }) => [...expr.matchAll(/\$(?!__)(\w+)/g)].map(([, name]) => name));
      expect(used.filter((name) => !variables.has(name ?? ''))).toEqual([]);
      const [, namespaces] = templating.list;
      expect(namespaces?.query).toMatchObject({ query: `label_values(${info}, namespace)` });
    },
  );
});
