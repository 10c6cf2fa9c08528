import { ProtocolError, ProtocolErrorCode } from '@modelcontextprotocol/server';
import { allPrompts } from '../prompts/all-prompts.ts';
import type { CalledAs, PromptDefinition } from '../prompts/prompt.ts';
import type { ExposedTool } from './exposed-tool.ts';
import type { ServedPrompt } from './served-tools.ts';

/** Characters of one argument: what a manifest needs. */
const maxArgument = 64 * 1024;

/** The prompts that can be carried out with these tools, which they name as the server's style does. */
export function productPrompts(exposed: readonly ExposedTool[]): ReadonlyMap<string, ServedPrompt> {
  const calls = new Map(exposed.flatMap((tool) => [...tool.calls]));
  const called: CalledAs = (tool) => calls.get(tool) ?? tool;
  const offered = allPrompts.filter(({ uses }) => uses.every((tool) => calls.has(tool)));
  return new Map(offered.map((prompt) => [prompt.name, served(prompt, called)]));
}

function served(prompt: PromptDefinition, called: CalledAs): ServedPrompt {
  const { name, title, description, arguments: own } = prompt;
  return {
    listed: {
      name,
      title,
      description,
      arguments: own.map(({ name: argument, description: what, required }) => ({
        name: argument,
        description: what,
        required,
      })),
    },
    get: (args) => {
      const missing = own.filter(({ name: argument, required }) => required && !args[argument]);
      if (missing.length > 0)
        throw invalid(`the prompt ${name} needs ${missing.map((one) => one.name).join(', ')}`);
      const unknown = Object.keys(args).filter((key) => !own.some((one) => one.name === key));
      if (unknown.length > 0) throw invalid(`the prompt ${name} takes no ${unknown.join(', ')}`);
      if (Object.values(args).some((value) => value.length > maxArgument))
        throw invalid(`an argument of the prompt ${name} has more than ${maxArgument} characters`);
      const filled = Object.fromEntries(Object.entries(args).filter(([, value]) => value !== ''));
      return {
        description,
        messages: [{ role: 'user', content: { type: 'text', text: prompt.write(filled, called) } }],
      };
    },
    listOf: (argument) => own.find((one) => one.name === argument)?.listedBy,
  };
}

function invalid(message: string): ProtocolError {
  return new ProtocolError(ProtocolErrorCode.InvalidParams, message);
}
