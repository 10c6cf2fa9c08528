import type { ToolAnswer } from '../../src/agent/answers/tool-answer.ts';
import { ToolError } from '../../src/agent/tools/tool-error.ts';
import type { ToolDefinition } from '../../src/agent/tools/tool.ts';
import { agentCall, type TestCall, type TestCallOptions } from './agent-call.ts';

export interface ToolRun {
  answer: ToolAnswer;
  /** What was confirmed, told, and sent. */
  call: TestCall;
}

/** Calls tools as the gateway does: input through the tool's schema, one call's API for each. */
export class ToolBench {
  readonly #tools: readonly ToolDefinition[];
  readonly #options: TestCallOptions;

  constructor(tools: readonly ToolDefinition[], options: TestCallOptions) {
    this.#tools = tools;
    this.#options = options;
  }

  async run(name: string, input: object = {}, options: Partial<TestCallOptions> = {}): Promise<ToolRun> {
    const { call, running } = this.#start(name, input, options);
    return { answer: await running, call };
  }

  /** Of a tool that gives facts. */
  async facts(
    name: string,
    input: object = {},
    options: Partial<TestCallOptions> = {},
  ): Promise<Record<string, unknown>> {
    const { answer } = await this.run(name, input, options);
    return answer.object ?? {};
  }

  /** Of a tool that lists. */
  async rows(
    name: string,
    input: object = {},
    options: Partial<TestCallOptions> = {},
  ): Promise<readonly Record<string, unknown>[]> {
    const { answer } = await this.run(name, input, options);
    return answer.items ?? [];
  }

  /** The error of a call that has to fail, and what it had sent by then. */
  async refusal(
    name: string,
    input: object = {},
    options: Partial<TestCallOptions> = {},
  ): Promise<{ error: ToolError; call: TestCall }> {
    const { call, running } = this.#start(name, input, options);
    const error = await running.then(
      (answer) => new Error(`${name} was done: ${answer.summary}`),
      (caught: unknown) => caught,
    );
    if (error instanceof ToolError) return { error, call };
    throw error;
  }

  #start(
    name: string,
    input: object,
    options: Partial<TestCallOptions>,
  ): { call: TestCall; running: Promise<ToolAnswer> } {
    const tool = this.#tools.find((one) => one.name === name);
    if (!tool) throw new Error(`there is no tool ${name}`);
    const call = agentCall({ ...this.#options, ...options });
    return { call, running: tool.run(call, tool.input.parse(input)) };
  }
}
