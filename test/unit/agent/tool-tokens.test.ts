import { describe, expect, it } from '@jest/globals';
import { countTokens } from 'gpt-tokenizer/encoding/o200k_base';
import { z } from 'zod';
import { answerSchema } from '../../../src/agent/protocol/answer-schema.ts';
import { namedStyle } from '../../../src/agent/protocol/named-style.ts';
import { allTools } from '../../../src/agent/tools/all-tools.ts';
import type { ToolDefinition } from '../../../src/agent/tools/tool.ts';

/** The tools that the seed page names; the others complete them. */
const seed = [
  'create_xrd list_xrds get_xrd update_xrd delete_xrd',
  'create_composition list_compositions get_composition update_composition delete_composition list_composition_revisions',
  'install_provider list_providers get_provider uninstall_provider',
  'install_configuration list_configurations get_configuration list_configuration_revisions',
  'create_environment_config list_environment_configs get_environment_config',
  'create_operation create_cron_operation list_operations get_operation_status',
  'create_usage list_usages get_usage',
].flatMap((line) => line.split(' '));

/** As tools/list prints them. */
function tokensOf(tools: readonly ToolDefinition[], outputSchema?: typeof answerSchema): number {
  return countTokens(JSON.stringify({ tools: namedStyle(tools, outputSchema).map(({ listed }) => listed) }));
}

describe('the tools', () => {
  const named = allTools.filter(({ name }) => seed.includes(name));

  it('are described in few tokens, since every conversation pays for them [agent.tools.tokens]', () => {
    expect(named).toHaveLength(seed.length);
    const readOnly = named.filter(({ effect }) => effect === 'read');
    const sizes = {
      named: tokensOf(named),
      withOutputs: tokensOf(named, answerSchema),
      readOnly: tokensOf(readOnly),
      all: tokensOf(allTools),
    };
    process.stderr.write(
      `tools/list in o200k_base: ${sizes.named} for the ${named.length} named ones, ${sizes.withOutputs} with output schemas, read-only ${sizes.readOnly} for ${readOnly.length}, ${sizes.all} for all ${allTools.length}\n`,
    );
    expect(sizes.named).toBeLessThanOrEqual(4_000);
    expect(sizes.withOutputs).toBeLessThanOrEqual(5_500);
    expect(sizes.readOnly).toBeLessThanOrEqual(2_000);
    expect(sizes.all).toBeLessThanOrEqual(7_500);
  });

  it('have names of the protocol, each once, and schemas of objects that take nothing unknown [agent.tools.schema]', () => {
    const names = allTools.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const tool of allTools) {
      expect(tool.name).toMatch(/^[a-z_]{1,64}$/);
      expect(z.toJSONSchema(tool.input, { io: 'input' })).toMatchObject({
        type: 'object',
        additionalProperties: false,
      });
    }
  });
});
