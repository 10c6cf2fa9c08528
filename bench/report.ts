import os from 'node:os';
import type { ColumnResult, PhaseResult } from './results.ts';
import type { Ratio } from './statistics.ts';

/** What the connector is to reach against the bare pass-through of the same run. */
export interface Goal {
  phase: string;
  text: string;
  reached: (connector: ColumnResult) => boolean;
  shown: (connector: ColumnResult) => string;
}

const atMost = (phase: string, limit: number): Goal => ({
  phase,
  text: `at most ${limit.toFixed(1)}`,
  reached: ({ ratio }) => (ratio?.value ?? Infinity) <= limit,
  shown: ({ ratio }) => showRatio(ratio),
});

const memoryLimitMiB = 64;

const growth = ({ memory }: ColumnResult) => (memory ? memory.peak - memory.before : Number.NaN);

const memoryGrowth = (phase: string): Goal => ({
  phase,
  text: `less than ${memoryLimitMiB} MiB more memory`,
  reached: (connector) => growth(connector) < memoryLimitMiB,
  shown: (connector) => `${growth(connector).toFixed(0)} MiB, to ${connector.memory?.peak.toFixed(0)}`,
});

export const goals: readonly Goal[] = [
  atMost('get', 1.1),
  {
    phase: 'rate',
    text: 'at least 0.9',
    reached: ({ ratio }) => (ratio?.value ?? 0) >= 0.9,
    shown: ({ ratio }) => showRatio(ratio),
  },
  atMost('list-10000', 1.2),
  memoryGrowth('list-10000'),
  // Where what a list needs cannot hide in what earlier requests left behind.
  memoryGrowth('list-10000-fresh'),
  atMost('create', 1.1),
  atMost('watch', 1.1),
];

export interface Report {
  when: string;
  machine: { cpu: string; cores: number; memoryGiB: number; load: number[] };
  node: string;
  kubernetes: string;
  command: string;
  phases: PhaseResult[];
  goals: { phase: string; goal: string; measured: string; reached: boolean }[];
  notes: string[];
}

export function makeReport(
  phases: PhaseResult[],
  about: { kubernetes: string; command: string; notes: string[] },
): Report {
  const judged = goals.flatMap(({ phase, text, reached, shown }) => {
    const connector = phases.find(({ id }) => id === phase)?.columns['connector'];
    return connector?.ratio
      ? [{ phase, goal: text, measured: shown(connector), reached: reached(connector) }]
      : [];
  });
  const [cpu] = os.cpus();
  return {
    when: new Date().toISOString(),
    machine: {
      cpu: cpu?.model ?? 'unknown',
      cores: os.cpus().length,
      memoryGiB: Math.round(os.totalmem() / 2 ** 30),
      load: os.loadavg().map((value) => Number(value.toFixed(2))),
    },
    node: process.version,
    ...about,
    phases,
    goals: judged,
  };
}

/** The report as Markdown, also what is printed. */
export function render(report: Report): string {
  const names = [...new Set(report.phases.flatMap(({ columns }) => Object.keys(columns)))];
  const servers = names.filter((name) => !name.startsWith('direct'));
  const { machine } = report;
  return [
    '# Bench',
    '',
    `${report.when}, ${machine.cores} cores (${machine.cpu}), ${machine.memoryGiB} GiB, load ${machine.load.join(' ')} at the end; ` +
      `Node ${report.node}, Kubernetes ${report.kubernetes}. Command: \`${report.command}\`.`,
    'Everything runs on this one machine and over loopback, so rates are shares of its cores; what counts are the ratios.',
    ...report.notes,
    '',
    ...section(
      'Time of one request, ms: p50 / p99 (interleaved: each column once per turn)',
      ['', 'requests', ...names],
      timeRows(report.phases, names),
    ),
    ...section(
      'Rate, requests per second: median of the rounds (p50 / p99 ms)',
      ['', ...names],
      rateRows(report.phases, names),
    ),
    ...section(
      'Against the pass-through, [range within the run]',
      ['', ...servers],
      report.phases.map(({ title, kind, columns }) =>
        [kind === 'rate' ? `${title}: rate` : title].concat(
          servers.map((name) => showRatio(columns[name]?.ratio)),
        ),
      ),
    ),
    ...section(
      'CPU of the server under test, ms per request; memory, MiB: before the phase, peak within',
      ['', ...servers],
      report.phases.map(({ title, columns }) =>
        [title].concat(servers.map((name) => showUsage(columns[name]))),
      ),
    ),
    ...section(
      'Goals for the connector against the pass-through',
      ['phase', 'goal', 'measured', ''],
      report.goals.map(({ phase, goal, measured, reached }) => [
        phase,
        goal,
        measured,
        reached ? 'ok' : 'missed',
      ]),
    ),
  ].join('\n');
}

function timeRows(phases: PhaseResult[], names: string[]): string[][] {
  return phases
    .filter(({ kind }) => kind === 'time')
    .map(({ title, requests, columns }) =>
      [`${title} (${showBytes(columns)})`, String(requests)].concat(
        names.map((name) => showTimes(columns[name])),
      ),
    );
}

function rateRows(phases: PhaseResult[], names: string[]): string[][] {
  const rates = phases.filter(({ kind }) => kind === 'rate');
  const row = (title: string, columns: PhaseResult['columns'], cell: (column: ColumnResult) => string) => [
    title,
    ...names.map((name) => (columns[name] ? cell(columns[name]) : '-')),
  ];
  return rates.flatMap(({ title, columns }) => [
    row(
      title,
      columns,
      ({ perSecond, p50, p99 }) => `${perSecond?.toFixed(0)} (${p50.toFixed(1)} / ${p99.toFixed(0)})`,
    ),
    row(
      "CPU of the app cluster's kube-apiserver, ms per request",
      columns,
      ({ cpu }) => cpu?.app?.toFixed(2) ?? '-',
    ),
    row(
      "CPU of the control plane's kube-apiserver, ms per request",
      columns,
      ({ cpu }) => cpu?.controlPlane?.toFixed(2) ?? '-',
    ),
  ]);
}

function showRatio(ratio: Ratio | undefined): string {
  if (!ratio) return '-';
  return `${ratio.value.toFixed(2)} [${ratio.lowest.toFixed(2)}-${ratio.highest.toFixed(2)}]`;
}

function showTimes(column: ColumnResult | undefined): string {
  return column ? `${column.p50.toFixed(2)} / ${column.p99.toFixed(1)}` : '-';
}

function showUsage(column: ColumnResult | undefined): string {
  const cpu = column?.cpu?.self?.toFixed(2) ?? '-';
  return column?.memory
    ? `${cpu}; ${column.memory.before.toFixed(0)}, ${column.memory.peak.toFixed(0)}`
    : cpu;
}

/** Answers differ by the labels that the connector hides, so the range over the columns is shown. */
function showBytes(columns: PhaseResult['columns']): string {
  const sizes = Object.values(columns).flatMap(({ bytes }) => (bytes === undefined ? [] : [bytes]));
  const [low, high] = [showSize(Math.min(...sizes)), showSize(Math.max(...sizes))];
  return low === high ? low : `${low} to ${high}`;
}

function showSize(bytes: number): string {
  return bytes >= 1e6 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e3).toFixed(1)} kB`;
}

/** A heading and its table; nothing where there are no rows. */
function section(title: string, head: string[], rows: string[][]): string[] {
  if (rows.length === 0) return [];
  const rule = head.map(() => '---');
  return [`## ${title}`, '', ...[head, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |`), ''];
}
