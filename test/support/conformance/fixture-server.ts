import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  acceptedContent,
  completable,
  inputRequired,
  type McpServer,
  ResourceTemplate,
} from '@modelcontextprotocol/server';
import { z } from 'zod';
import { HttpEndpoint } from '../../../src/agent/protocol/http-endpoint.ts';
import { gatewayListener } from '../../../src/agent/protocol/http-listener.ts';
import { RequestGuard } from '../../../src/agent/protocol/request-guard.ts';
import { Readiness } from '../../../src/base/health.ts';
import { silentLogger } from '../../../src/base/logger.ts';
import { fixtureTools, image } from './fixture-tools.ts';

/** The gateway's protocol with the suite's fixtures in the place of its tools: only tests can make one. */
export async function startFixtureServer(): Promise<
  { url: string; endpoint: HttpEndpoint } & AsyncDisposable
> {
  const served = { instructions: 'Fixtures of the conformance suite', tools: fixtureTools() };
  const endpoint = new HttpEndpoint({
    name: 'fixture',
    current: () => ({
      served,
      sessions: true,
      admit: async () => ({ name: 'tester', groups: [], via: 'anonymous', scopes: [] }),
      resourceMetadata: () => undefined,
      enter: () => () => undefined,
    }),
    extend: (server) => extend(server),
    log: silentLogger(),
  });
  const server = createServer(
    gatewayListener({
      guard: new RequestGuard([]),
      endpoint: (name) => (name === endpoint.name ? endpoint : undefined),
      readiness: new Readiness(),
      metrics: async () => ({ type: 'text/plain', text: '' }),
      routes: [],
      log: silentLogger(),
    }),
  );
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/mcp/fixture`,
    endpoint,
    [Symbol.asyncDispose]: async () => {
      await endpoint.close();
      server.closeAllConnections();
      server.close();
    },
  };
}

const description = 'Fixture of the conformance suite';

/** Resources, prompts, completions and logging, none of which the product has. */
function extend(mcp: McpServer): void {
  mcp.server.registerCapabilities({
    logging: {},
    resources: { subscribe: true, listChanged: true },
    prompts: { listChanged: true },
  });
  mcp.registerResource('text', 'test://static-text', { mimeType: 'text/plain' }, ({ href }) => ({
    contents: [
      { uri: href, mimeType: 'text/plain', text: 'This is the content of the static text resource.' },
    ],
  }));
  mcp.registerResource('binary', 'test://static-binary', { mimeType: 'image/png' }, ({ href }) => ({
    contents: [{ uri: href, mimeType: 'image/png', blob: image }],
  }));
  mcp.registerResource('watched', 'test://watched-resource', { mimeType: 'text/plain' }, ({ href }) => ({
    contents: [{ uri: href, mimeType: 'text/plain', text: 'It stays as it is.' }],
  }));
  mcp.registerResource(
    'template',
    new ResourceTemplate('test://template/{id}/data', { list: undefined }),
    { mimeType: 'application/json' },
    ({ href }, { id }) => ({
      contents: [
        {
          uri: href,
          mimeType: 'application/json',
          text: JSON.stringify({ id, templateTest: true, data: `Data for ID: ${String(id)}` }),
        },
      ],
    }),
  );
  mcp.server.setRequestHandler('resources/subscribe', () => ({}));
  mcp.server.setRequestHandler('resources/unsubscribe', () => ({}));
  mcp.registerPrompt('test_simple_prompt', { description }, () => ({
    messages: [{ role: 'user', content: { type: 'text', text: 'This is a simple prompt for testing.' } }],
  }));
  mcp.registerPrompt(
    'test_prompt_with_arguments',
    {
      description,
      argsSchema: z.object({
        arg1: completable(z.string(), (value) =>
          ['paris', 'park', 'party'].filter((word) => word.startsWith(value)),
        ),
        arg2: z.string(),
      }),
    },
    ({ arg1, arg2 }) => ({
      messages: [
        {
          role: 'user',
          content: { type: 'text', text: `Prompt with arguments: arg1='${arg1}', arg2='${arg2}'` },
        },
      ],
    }),
  );
  mcp.registerPrompt(
    'test_prompt_with_embedded_resource',
    { description, argsSchema: z.object({ resourceUri: z.string() }) },
    ({ resourceUri }) => ({
      messages: [
        {
          role: 'user',
          content: {
            type: 'resource',
            resource: {
              uri: resourceUri,
              mimeType: 'text/plain',
              text: 'Embedded resource content for testing.',
            },
          },
        },
        { role: 'user', content: { type: 'text', text: 'Please process the embedded resource above.' } },
      ],
    }),
  );
  mcp.registerPrompt('test_prompt_with_image', { description }, () => ({
    messages: [
      { role: 'user', content: { type: 'image', data: image, mimeType: 'image/png' } },
      { role: 'user', content: { type: 'text', text: 'Please analyze the image above.' } },
    ],
  }));
  mcp.registerPrompt('test_input_required_result_prompt', { description }, ({ mcpReq }) => {
    const given = acceptedContent(mcpReq.inputResponses, 'user_context');
    if (!given)
      return inputRequired({
        inputRequests: {
          user_context: inputRequired.elicit({
            message: 'What context should the prompt use?',
            requestedSchema: {
              type: 'object',
              properties: { context: { type: 'string' } },
              required: ['context'],
            },
          }),
        },
      });
    return {
      messages: [{ role: 'user', content: { type: 'text', text: `Context: ${String(given['context'])}` } }],
    };
  });
}
