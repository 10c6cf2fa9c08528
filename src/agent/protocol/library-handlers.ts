import {
  type McpServer,
  ProtocolError,
  ProtocolErrorCode,
  type ServerContext,
} from '@modelcontextprotocol/server';
import type { Asking, ServedLibrary } from './served-tools.ts';

/** Prompts, resources and the completion of their arguments, on a server object of the SDK. */
export function serveLibrary(
  server: McpServer['server'],
  library: () => ServedLibrary,
  asking: (ctx: ServerContext) => Asking,
): void {
  server.registerCapabilities({ prompts: {}, resources: {}, completions: {} });
  server.setRequestHandler('prompts/list', () => ({
    prompts: [...library().prompts.values()].map(({ listed }) => listed),
  }));
  server.setRequestHandler('prompts/get', ({ params }) => {
    const prompt = library().prompts.get(params.name);
    if (!prompt) throw new ProtocolError(ProtocolErrorCode.InvalidParams, `Prompt ${params.name} not found`);
    return prompt.get(params.arguments ?? {});
  });
  server.setRequestHandler('resources/list', () => ({ resources: [...library().resources.listed] }));
  server.setRequestHandler('resources/templates/list', () => ({
    resourceTemplates: [...library().resources.templates],
  }));
  server.setRequestHandler('resources/read', ({ params }, ctx) =>
    library().resources.read(params.uri, asking(ctx)),
  );
  server.setRequestHandler('completion/complete', async ({ params }, ctx) => {
    const { ref, argument, context } = params;
    const { prompts, resources, completeNames } = library();
    const list =
      ref.type === 'ref/prompt'
        ? prompts.get(ref.name)?.listOf(argument.name)
        : argument.name === 'name'
          ? resources.listOf(ref.uri)
          : undefined;
    if (list === undefined) return { completion: { values: [] } };
    return { completion: await completeNames(list, argument.value, context?.arguments ?? {}, asking(ctx)) };
  });
}
