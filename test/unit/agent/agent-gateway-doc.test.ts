import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { load } from 'js-yaml';
import type { z } from 'zod';
import { AgentMetrics } from '../../../src/agent/agent-metrics.ts';
import { definitionsSchema } from '../../../src/agent/servers/definition.ts';

const page = readFileSync(new URL('../../../docs/agent-gateway.md', import.meta.url), 'utf8');

/** First cells of the table below a heading. */
function rowsBelow(heading: string): string[] {
  const [, section = ''] = page.split(`\n## ${heading}\n`);
  const lines = section.split('\n## ')[0]?.split('\n') ?? [];
  return lines.flatMap((line) => /^\| `([^|]*)` \|/.exec(line)?.[1] ?? []);
}

function fieldsOf(schema: z.ZodType): string[] {
  return Object.keys((schema as unknown as { shape: Record<string, unknown> }).shape);
}

describe('docs/agent-gateway.md', () => {
  it('has an example that the gateway takes as it stands', () => {
    const example = /```yaml\n([^]*?)```/.exec(page)?.[1] ?? '';
    expect(definitionsSchema.safeParse(load(example)).error?.issues).toBeUndefined();
  });

  it('has a row for each field of a definition', () => {
    const servers = definitionsSchema.shape.servers.element;
    const rows = rowsBelow('Definitions').flatMap((cell) => cell.split('`, `'));
    expect(new Set(rows.map((row) => row.split('.')[0]))).toEqual(new Set(fieldsOf(servers)));
  });

  it('has a row for each metric', () => {
    const own = new AgentMetrics().registry
      .getMetricsAsArray()
      .map(({ name }) => name)
      .filter((name) => name.startsWith('mcp_connector_'));
    const rows = rowsBelow('Metrics').flatMap((cell) => cell.split('`, `'));
    const named = rows.map((row) =>
      row.replace(/^\.\.\._dropped_total$/, 'mcp_connector_agent_audit_events_dropped_total'),
    );
    expect(new Set(named)).toEqual(new Set(own));
  });

  it('has a row for each code of an error', () => {
    const codes = readFileSync(new URL('../../../src/agent/tools/tool-error.ts', import.meta.url), 'utf8');
    const known = [...codes.matchAll(/^ {2}\| '([a-z_]+)'/gm)].map(([, code]) => code);
    const rows = rowsBelow('Answers and errors').flatMap((cell) => cell.split('`, `'));
    expect(new Set(rows)).toEqual(new Set(known));
  });
});
