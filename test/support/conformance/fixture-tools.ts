import { createHmac, randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import {
  acceptedContent,
  CLIENT_CAPABILITIES_META_KEY,
  type CallToolResult,
  type ContentBlock,
  type InputRequest,
  type InputRequiredResult,
  inputRequired,
  ProtocolError,
  ProtocolErrorCode,
  type ServerContext,
  type Tool,
} from '@modelcontextprotocol/server';
import type { ServedTool } from '../../../src/agent/protocol/served-tools.ts';

type Answer = CallToolResult | InputRequiredResult;
type Run = (ctx: ServerContext, args: Record<string, unknown>) => Answer | Promise<Answer>;

/** One pixel. */
export const image =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==';
/** A WAV file without a sample. */
const audio = 'UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA=';

const stateKey = randomBytes(32);

function text(words: string): CallToolResult {
  return { content: [{ type: 'text', text: words }] };
}

function content(...blocks: ContentBlock[]): CallToolResult {
  return { content: blocks };
}

function resource(uri: string, mimeType: string, words: string): ContentBlock {
  return { type: 'resource', resource: { uri, mimeType, text: words } };
}

function signed(state: string): string {
  return `${state}.${createHmac('sha256', stateKey).update(state).digest('base64url')}`;
}

/** The state that went out, where the client sent it back as it was; undefined where it sent none. */
function stateOf({ mcpReq }: ServerContext): string | undefined {
  const given = mcpReq.requestState();
  if (typeof given !== 'string') return undefined;
  const state = given.slice(0, given.lastIndexOf('.'));
  if (signed(state) !== given)
    throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'Invalid requestState');
  return state;
}

function form(message: string, properties: Record<string, object>, required: string[]): InputRequest {
  return inputRequired.elicit({
    message,
    requestedSchema: { type: 'object', properties, required } as never,
  });
}

function sampling(words: string, maxTokens: number): InputRequest {
  return inputRequired.createMessage({
    messages: [{ role: 'user', content: { type: 'text', text: words } }],
    maxTokens,
  });
}

const askName = (message = 'What is your name?'): InputRequest =>
  form(message, { name: { type: 'string' } }, ['name']);
const askOk = (): InputRequest => form('Please confirm', { ok: { type: 'boolean' } }, ['ok']);

async function elicit(
  ctx: ServerContext,
  message: string,
  properties: Record<string, object>,
  required: string[],
): Promise<CallToolResult> {
  const requestedSchema = { type: 'object', properties, required } as never;
  const { action, content: given } = await ctx.mcpReq.elicitInput({ mode: 'form', message, requestedSchema });
  return text(`action=${action} content=${JSON.stringify(given ?? {})}`);
}

async function progress({ mcpReq }: ServerContext): Promise<CallToolResult> {
  const { _meta: meta } = mcpReq;
  for (const step of [0, 50, 100]) {
    if (meta?.progressToken !== undefined)
      await mcpReq.notify({
        method: 'notifications/progress',
        params: { progressToken: meta.progressToken, progress: step, total: 100 },
      });
    await delay(20);
  }
  return text('Three steps were reported.');
}

async function logging({ mcpReq }: ServerContext): Promise<CallToolResult> {
  for (const message of ['Tool execution started', 'Tool processing data', 'Tool execution completed']) {
    await mcpReq.log('info', message);
    await delay(10);
  }
  return text('Three messages were logged.');
}

const titled = [
  { const: 'value1', title: 'First Option' },
  { const: 'value2', title: 'Second Option' },
  { const: 'value3', title: 'Third Option' },
];
const plain = ['option1', 'option2', 'option3'];

const runs: Record<string, Run> = {
  test_simple_text: () => text('This is a simple text response for testing.'),
  test_image_content: () => content({ type: 'image', data: image, mimeType: 'image/png' }),
  test_audio_content: () => content({ type: 'audio', data: audio, mimeType: 'audio/wav' }),
  test_embedded_resource: () =>
    content(resource('test://embedded-resource', 'text/plain', 'This is an embedded resource content.')),
  test_multiple_content_types: () =>
    content(
      { type: 'text', text: 'Multiple content types test:' },
      { type: 'image', data: image, mimeType: 'image/png' },
      resource('test://mixed-content-resource', 'application/json', '{"test":"data","value":123}'),
    ),
  test_tool_with_logging: logging,
  test_logging_tool: logging,
  test_tool_with_progress: progress,
  test_error_handling: () => ({
    ...text('This tool intentionally returns an error for testing'),
    isError: true,
  }),
  test_sampling: async (ctx, { prompt }) => {
    const { content: given } = await ctx.mcpReq.requestSampling({
      messages: [{ role: 'user', content: { type: 'text', text: String(prompt) } }],
      maxTokens: 100,
    });
    return text(`LLM response: ${JSON.stringify(given)}`);
  },
  test_elicitation: (ctx, { message }) =>
    elicit(ctx, String(message), { username: { type: 'string' }, email: { type: 'string' } }, [
      'username',
      'email',
    ]),
  test_elicitation_sep1034_defaults: (ctx) =>
    elicit(
      ctx,
      'Please look through the defaults',
      {
        name: { type: 'string', default: 'John Doe' },
        age: { type: 'integer', default: 30 },
        score: { type: 'number', default: 95.5 },
        status: { type: 'string', enum: ['active', 'inactive', 'pending'], default: 'active' },
        verified: { type: 'boolean', default: true },
      },
      [],
    ),
  test_elicitation_sep1330_enums: (ctx) =>
    elicit(
      ctx,
      'Please choose',
      {
        untitledSingle: { type: 'string', enum: plain },
        titledSingle: { type: 'string', oneOf: titled },
        legacyEnum: {
          type: 'string',
          enum: ['opt1', 'opt2', 'opt3'],
          enumNames: ['Option One', 'Option Two', 'Option Three'],
        },
        untitledMulti: { type: 'array', minItems: 1, maxItems: 3, items: { type: 'string', enum: plain } },
        titledMulti: { type: 'array', minItems: 1, maxItems: 3, items: { anyOf: titled } },
      },
      [],
    ),
  json_schema_2020_12_tool: (_ctx, args) => text(JSON.stringify(args)),
  test_custom_headers: (_ctx, args) => text(JSON.stringify(args)),
  test_streaming_elicitation: () => inputRequired({ inputRequests: { user_name: askName() } }),
  // The SDK refuses to ask a client for what it has not declared.
  test_missing_capability: () =>
    inputRequired({ inputRequests: { question: sampling('Who is there?', 10) } }),
  test_input_required_result_elicitation: ({ mcpReq }) => {
    const given = acceptedContent(mcpReq.inputResponses, 'user_name');
    return typeof given?.['name'] === 'string'
      ? text(`Hello, ${given['name']}!`)
      : inputRequired({ inputRequests: { user_name: askName() } });
  },
  test_input_required_result_sampling: ({ mcpReq }) => {
    const given = mcpReq.inputResponses?.['capital_question'];
    return given === undefined
      ? inputRequired({
          inputRequests: { capital_question: sampling('What is the capital of France?', 100) },
        })
      : text(JSON.stringify(given));
  },
  test_input_required_result_list_roots: ({ mcpReq }) => {
    const given = mcpReq.inputResponses?.['client_roots'];
    return given === undefined
      ? inputRequired({ inputRequests: { client_roots: inputRequired.listRoots() } })
      : text(JSON.stringify(given));
  },
  test_input_required_result_request_state: (ctx) =>
    stateOf(ctx) !== undefined && acceptedContent(ctx.mcpReq.inputResponses, 'confirm')
      ? text('state-ok')
      : inputRequired({ inputRequests: { confirm: askOk() }, requestState: signed('asked') }),
  test_input_required_result_tampered_state: (ctx) =>
    stateOf(ctx) !== undefined && acceptedContent(ctx.mcpReq.inputResponses, 'confirm')
      ? text('The state is what it was.')
      : inputRequired({ inputRequests: { confirm: askOk() }, requestState: signed('asked') }),
  test_input_required_result_multiple_inputs: (ctx) => {
    const given = Object.keys(ctx.mcpReq.inputResponses ?? {});
    if (
      stateOf(ctx) !== undefined &&
      ['user_name', 'greeting', 'client_roots'].every((key) => given.includes(key))
    )
      return text(`Got ${given.join(', ')}.`);
    return inputRequired({
      inputRequests: {
        user_name: askName(),
        greeting: sampling('Generate a greeting', 50),
        client_roots: inputRequired.listRoots(),
      },
      requestState: signed('asked'),
    });
  },
  test_input_required_result_multi_round: (ctx) => {
    const { inputResponses } = ctx.mcpReq;
    switch (stateOf(ctx)) {
      case 'round-2':
        return text(`Done with ${JSON.stringify(acceptedContent(inputResponses, 'step2'))}.`);
      case 'round-1':
        return inputRequired({
          inputRequests: {
            step2: form('Step 2: What is your favorite color?', { color: { type: 'string' } }, ['color']),
          },
          requestState: signed('round-2'),
        });
      default:
        return inputRequired({
          inputRequests: { step1: askName('Step 1: What is your name?') },
          requestState: signed('round-1'),
        });
    }
  },
  test_input_required_result_capabilities: ({ mcpReq }) => {
    const envelope = mcpReq.envelope as Record<string, unknown> | undefined;
    const declared = (envelope?.[CLIENT_CAPABILITIES_META_KEY] ?? {}) as Record<string, unknown>;
    if (Object.keys(mcpReq.inputResponses ?? {}).length > 0) return text('Answered.');
    return inputRequired({
      inputRequests: {
        ...(declared['sampling'] ? { question: sampling('Who is there?', 10) } : {}),
        ...(declared['elicitation'] ? { user_name: askName() } : {}),
        ...(declared['roots'] ? { client_roots: inputRequired.listRoots() } : {}),
      },
      requestState: signed('asked'),
    });
  },
};

const strings = (...names: string[]): Tool['inputSchema'] => ({
  type: 'object',
  properties: Object.fromEntries(names.map((name) => [name, { type: 'string' }])),
  required: names,
});

const inputs: Record<string, Tool['inputSchema']> = {
  test_sampling: strings('prompt'),
  test_elicitation: strings('message'),
  json_schema_2020_12_tool: {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'object',
    $defs: {
      address: {
        $anchor: 'addressDef',
        type: 'object',
        properties: { street: { type: 'string' }, city: { type: 'string' } },
      },
    },
    properties: {
      name: { type: 'string' },
      address: { $ref: '#/$defs/address' },
      contactMethod: { type: 'string', enum: ['phone', 'email'] },
      phone: { type: 'string' },
      email: { type: 'string' },
    },
    allOf: [{ anyOf: [{ required: ['phone'] }, { required: ['email'] }] }],
    if: { properties: { contactMethod: { const: 'phone' } }, required: ['contactMethod'] },
    // oxlint-disable-next-line unicorn/no-thenable
    then: { required: ['phone'] },
    else: { required: ['email'] },
    additionalProperties: false,
  },
  test_custom_headers: {
    type: 'object',
    properties: { region: { type: 'string', 'x-mcp-header': 'Region' }, query: { type: 'string' } },
  },
};

/** The tools that the scenarios of the conformance suite call, each by the suite's own description of it. */
export function fixtureTools(): Map<string, ServedTool> {
  return new Map(
    Object.entries(runs).map(([name, run]) => [
      name,
      {
        listed: {
          name,
          title: name,
          description: `Fixture ${name}`,
          inputSchema: inputs[name] ?? { type: 'object', properties: {} },
          annotations: {
            readOnlyHint: true,
            destructiveHint: false,
            idempotentHint: true,
            openWorldHint: false,
          },
        },
        effectOf: () => 'read',
        call: async ({ ctx, args }) => run(ctx, args),
      },
    ]),
  );
}
