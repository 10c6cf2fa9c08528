import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { renderAnswer, renderError } from '../../../src/agent/answers/render.ts';
import { renderChange } from '../../../src/agent/answers/render-change.ts';
import { allTools } from '../../../src/agent/tools/all-tools.ts';
import { ToolError } from '../../../src/agent/tools/tool-error.ts';
import type { ToolDefinition } from '../../../src/agent/tools/tool.ts';
import { agentCall } from '../../support/agent-call.ts';
import { shapedSecrets } from '../../support/planted-secrets.ts';
import {
  needles,
  plantedDocument,
  plantedObject,
  plantedText,
  servedKinds,
  unshaped,
} from '../../support/secret-corpus.ts';
import { type Answer, FakeApiServer, type Received } from '../clusters/fake-api-server.ts';

jest.setTimeout(300_000);

type Input = Record<string, unknown>;

const rounds = Object.keys(shapedSecrets).length;
const target = { api_version: 'example.org/v1', kind: 'XThing', name: 'thing' };
const claim = { kind: 'Thing', namespace: 'ns', name: 'thing' };
const pipeline = [{ step: 'one', function: 'thing' }];
const xrd = { name: 'xthings.example.org' };
const schema = { type: 'object', properties: { size: { type: 'string' } } };
const patch = { patch: { metadata: { labels: { a: 'b' } } } };

/** What a tool is called with besides what all take. */
const inputs: Record<string, Input> = {
  create_xrd: { group: 'new.example.org', kind: 'New', plural: 'news', schema },
  create_composition: {
    manifest: {
      metadata: { name: 'new' },
      spec: {
        compositeTypeRef: { apiVersion: 'example.org/v1', kind: 'XThing' },
        mode: 'Pipeline',
        pipeline: [{ step: 'one', functionRef: { name: 'thing' } }],
      },
    },
  },
  get_xrd: xrd,
  update_xrd: xrd,
  delete_xrd: xrd,
  delete_composition: { name: 'idle' },
  cancel_operation: { name: 'thing', kind: 'CronOperation' },
  get_usage: { name: 'thing', kind: 'ClusterUsage' },
  delete_usage: { name: 'thing', kind: 'ClusterUsage' },
  list_composition_revisions: { composition: 'thing' },
  install_provider: { package: 'xpkg.example.org/a/new:v1.0.0', wait_seconds: 0 },
  install_configuration: { package: 'xpkg.example.org/a/new:v1.0.0', wait_seconds: 0 },
  upgrade_package: { kind: 'Provider', name: 'thing', version: 'v1.1.0', wait_seconds: 0 },
  create_environment_config: { name: 'new', data: { password: unshaped } },
  create_operation: { name: 'new', pipeline, wait_seconds: 0 },
  create_cron_operation: { name: 'new', schedule: '0 * * * *', pipeline },
  pause_resource: { ...target, paused: true },
  create_usage: { of: target, reason: 'is needed' },
  create_claim: { ...claim, spec: { size: 'small' } },
  list_claims: {},
  get_claim: claim,
  update_claim: claim,
  delete_claim: claim,
  get_composite_resource: { kind: 'XThing', name: 'thing' },
  get_resource_tree: target,
  diagnose_resource: target,
  preview_impact: { ...target, action: 'delete' },
  diff_manifest: {
    manifest: {
      apiVersion: 'example.org/v1',
      kind: 'XThing',
      metadata: { name: 'thing' },
      spec: { size: 'x' },
    },
  },
  explain_kind: { api_version: 'example.org/v1', kind: 'XThing' },
};

/** All that a tool can be asked for: every detail level, fields, patches and dry runs. */
function inputsOf({ name, input }: ToolDefinition): Input[] {
  const has = (parameter: string): boolean => parameter in input.shape;
  const base = inputs[name] ?? (has('name') ? { name: 'thing' } : {});
  if (has('patch'))
    return [
      { ...base, ...patch },
      { ...base, ...patch, dry_run: true },
    ];
  return [
    base,
    ...(has('detail') ? [{ ...base, detail: 'full' }] : []),
    ...(has('fields') ? [{ ...base, fields: ['spec', 'status', 'metadata', 'data', 'spec.password'] }] : []),
    ...(has('dry_run') ? [{ ...base, dry_run: true }] : []),
    ...(has('diff') ? [{ ...base, diff: [1, 1] }] : []),
  ];
}

function discovery(isCore: boolean): object {
  const groups = Map.groupBy(
    servedKinds.filter((one) => (one.group === '') === isCore),
    (one) => one.group,
  );
  const items = [...groups].map(([name, kinds]) => ({
    metadata: { name },
    versions: [...Map.groupBy(kinds, (one) => one.version)].map(([version, of]) => ({
      version,
      resources: of.map((one) => ({
        resource: one.plural,
        responseKind: { kind: one.kind },
        scope: one.namespaced ? 'Namespaced' : 'Cluster',
        verbs: ['get', 'list'],
        categories: one.categories,
      })),
    })),
  }));
  return { kind: 'APIGroupDiscoveryList', items };
}

describe('a corpus of credentials, in every text of every kind', () => {
  let fake: FakeApiServer;
  let round = 0;
  let fails = false;
  const deleted = new Set<string>();

  beforeAll(async () => {
    fake = await FakeApiServer.start();
    fake.intercept = (request) => answerOf(request);
  });
  afterAll(() => fake[Symbol.asyncDispose]());

  function answerOf({ method, path, body }: Received): Answer {
    if (path === '/api' || path === '/apis') return { status: 200, body: discovery(path === '/api') };
    if (path === '/version') return { status: 200, body: { gitVersion: 'v1.34.4' } };
    if (path.endsWith('accessreviews')) return { status: 201, body: { status: { allowed: false } } };
    if (path.startsWith('/openapi/v3')) return { status: 200, body: plantedDocument(round) };
    const kind = servedKinds.find(
      (one) => path.includes(`/${one.plural}`) && path.includes(`${one.group}/${one.version}/`),
    );
    if (fails) return failure(method === 'GET' ? 403 : 422);
    if (!kind) return { status: 404, body: statusOf(404) };
    if (method === 'DELETE') deleted.add(path);
    const isOne = path.split(`/${kind.plural}`)[1] !== '';
    // What is to be made is not there yet.
    if (method === 'GET' && (deleted.has(path) || /[/-]new(s\.|$)/.test(path)))
      return { status: 404, body: statusOf(404) };
    const named = isOne
      ? path.slice(path.lastIndexOf('/') + 1)
      : kind.plural === 'compositeresourcedefinitions'
        ? xrd.name
        : 'thing';
    const object = plantedObject(kind, named, round);
    if (isOne || method === 'POST')
      return { status: 200, body: { ...object, ...changedBy(method, body, object) } };
    return { status: 200, body: { metadata: { resourceVersion: '1' }, items: [object] } };
  }

  /** A write comes out with something that differs. */
  function changedBy(method: string, body: unknown, object: Record<string, unknown>): object {
    if (method === 'GET' || typeof body !== 'object') return {};
    const spec = {
      ...(object['spec'] as object),
      changed: plantedText('is other', round),
      adminPassword: unshaped,
    };
    return { spec };
  }

  function failure(status: number): Answer {
    return { status, body: statusOf(status) };
  }

  function statusOf(code: number): object {
    const message = plantedText(`spec.password: Invalid value: "${unshaped}": User "x" cannot get`, round);
    const causes = [
      { field: 'spec.password', message: plantedText('refused', round + 1), reason: 'FieldValueInvalid' },
    ];
    return {
      kind: 'Status',
      apiVersion: 'v1',
      status: 'Failure',
      code,
      reason: 'Invalid',
      message,
      details: { name: 'thing', causes },
    };
  }

  /** Everything that leaves for one call: answer or error, what is to be confirmed, and progress. */
  async function leaving(tool: ToolDefinition, input: Input): Promise<{ told: string; outcome: string }> {
    const call = agentCall({ client: fake.client(), timeoutMs: 20_000 });
    let outcome = 'answered';
    let told: object;
    try {
      const answer = await tool.run(call, tool.input.parse(input));
      told = renderAnswer(answer, { warnings: call.api.warnings });
    } catch (error) {
      if (!(error instanceof ToolError)) throw error;
      outcome = error.code;
      told = renderError(error, { warnings: call.api.warnings });
    }
    const asked = call.changes.map(renderChange);
    return { told: JSON.stringify([told, asked]), outcome };
  }

  it.each(allTools.map((tool) => [tool.name, tool] as const))(
    'does not come out of %s [agent.redaction.corpus]',
    async (_, tool) => {
      const leaks: string[] = [];
      const outcomes = new Set<string>();
      for (const input of inputsOf(tool)) {
        for (round = 0; round < rounds; round += 5) {
          for (fails of [false, true]) {
            deleted.clear();
            const { told, outcome } = await leaving(tool, input);
            if (!fails) outcomes.add(outcome);
            for (const needle of needles)
              if (told.includes(needle))
                leaks.push(`${JSON.stringify(input)}: ${needle}: …${around(told, needle)}…`);
          }
        }
      }
      expect([...new Set(leaks)]).toEqual([]);
      // A tool that only ever fails here would prove nothing.
      expect([...outcomes]).toContain('answered');
    },
  );
});

function around(text: string, needle: string): string {
  const at = text.indexOf(needle);
  return text.slice(Math.max(at - 60, 0), at + 30);
}
