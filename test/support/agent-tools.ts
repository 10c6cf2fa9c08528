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
    const { call, running } = this.#start(name, input, options);
    const answer = await running;
    const rendered = renderAnswer(answer, { cluster: 'lab', warnings: call.api.warnings });
    return { answer, rendered, call, object: answer.object ?? {}, items: answer.items ?? [] };
  }

  /** The error that a call has to end with, and what it had asked and sent by then. */
  async refused(
    name: string,
    input: Input = {},
    options: Options = {},
  ): Promise<ToolError & { text: string; call: TestCall }> {
    const { call, running } = this.#start(name, input, options);
    try {
      await running;
    } catch (error) {
      if (!(error instanceof ToolError)) throw error;
      return Object.assign(error, { text: renderError(error, { cluster: 'lab' }).text, call });
    }
    throw new Error(`${name} was not refused`);
  }

  #start(name: string, input: Input, options: Options): { call: TestCall; running: Promise<ToolAnswer> } {
    const tool = allTools.find((one) => one.name === name);
    if (!tool) throw new Error(`there is no tool ${name}`);
    const call = agentCall({ ...this.#options, ...options });
    return { call, running: tool.run(call, tool.input.parse(input)) };
  }
}
