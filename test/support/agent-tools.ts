import { type RenderedAnswer, renderAnswer, renderError } from '../../src/agent/answers/render.ts';
import type { ToolAnswer } from '../../src/agent/answers/tool-answer.ts';
import { DiscoveryCache } from '../../src/agent/cluster/discovery-cache.ts';
import { allTools } from '../../src/agent/tools/all-tools.ts';
import { ToolError } from '../../src/agent/tools/tool-error.ts';
import { systemClock } from '../../src/base/clock.ts';
import { agentCall, type TestCall, type TestCallOptions } from './agent-call.ts';

export interface Called {
  answer: ToolAnswer;
  rendered: RenderedAnswer;
  call: TestCall;
  /** `answer.object`, for short. */
  object: Record<string, unknown>;
  items: readonly Record<string, unknown>[];
}

type Input = Record<string, unknown>;
type Options = Partial<TestCallOptions>;

/** Calls tools by name, with the check of their input and the rendering of their answers, and no protocol in between. */
export class AgentTools {
  readonly #options: TestCallOptions;

  constructor(options: TestCallOptions) {
    this.#options = { discovery: new DiscoveryCache(systemClock), ...options };
  }

  async run(name: string, input: Input = {}, options: Options = {}): Promise<Called> {
    const tool = allTools.find((one) => one.name === name);
    if (!tool) throw new Error(`there is no tool ${name}`);
    const call = agentCall({ ...this.#options, ...options });
    const answer = await tool.run(call, tool.input.parse(input));
    const rendered = renderAnswer(answer, { cluster: 'lab', warnings: call.api.warnings });
    return { answer, rendered, call, object: answer.object ?? {}, items: answer.items ?? [] };
  }

  /** The error that a call has to end with. */
  async refused(
    name: string,
    input: Input = {},
    options: Options = {},
  ): Promise<ToolError & { text: string }> {
    try {
      await this.run(name, input, options);
    } catch (error) {
      if (!(error instanceof ToolError)) throw error;
      return Object.assign(error, { text: renderError(error, { cluster: 'lab' }).text });
    }
    throw new Error(`${name} was not refused`);
  }
}
