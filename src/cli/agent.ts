import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { consoleFor } from '../agent/console/open-console.ts';
import { startHttpGateway, startStdioGateway } from '../agent/gateway.ts';
import { definitionOf } from '../agent/servers/definitions.ts';
import { ConnectorError, describeError } from '../base/errors.ts';
import { createLogger } from '../base/logger.ts';
import { preferSmallHeap } from '../base/small-heap.ts';
import { type AgentConfig, type AgentStdio, completeAgentConfig } from '../config/agent-config.ts';
import { agentOptions } from '../config/agent-options.ts';
import type { Flags } from '../config/config.ts';
import { environmentName, type Option } from '../config/options.ts';
import { snippetCommand } from './agent-snippet.ts';

const minKeyBytes = 32;

/** `mcp-connector agent`: the agent gateway. */
export function agentCommand(): Command {
  const command = new Command('agent').description(
    'Serve Crossplane to AI agents over the Model Context Protocol (HTTP, or --stdio)',
  );
  for (const option of agentOptions as readonly Option[]) {
    const names = `--${option.flag}${option.value ? ` <${option.value}>` : ''}`;
    const text = `${option.help}${option.default === undefined ? '' : ` (default: ${option.default})`} [$${environmentName(option.flag)}]`;
    if (option.repeatable) command.option(names, text, (value: string, all: string[]) => [...all, value], []);
    else command.option(names, text);
  }
  command.addCommand(snippetCommand());
  return command.action(async (flags: Flags) => {
    preferSmallHeap();
    const config = completeAgentConfig(flags, process.env);
    const log = createLogger(config.logLevel);
    const shared = {
      confirmationKey: confirmationKey(config),
      environmentProxy: config.environmentProxy,
      log,
    };
    let stop: () => Promise<void>;
    let ended: Promise<void> | undefined;
    if (config.serve.over === 'http') {
      const { over: _over, console: settings, ...http } = config.serve;
      const console = settings && consoleFor(settings, { ...shared, ...http });
      ({ stop } = await startHttpGateway({ ...shared, ...http, ...console }));
    } else ({ stop, ended } = await startStdioGateway({ ...shared, source: sourceOf(config.serve) }));
    const leave = (reason: string): void => {
      log.info({ reason }, 'stopping');
      stop().then(
        () => process.exit(0),
        (error: unknown) => {
          log.error({ reason: describeError(error) }, 'the stop failed');
          process.exit(1);
        },
      );
    };
    process.once('SIGTERM', () => leave('SIGTERM'));
    process.once('SIGINT', () => leave('SIGINT'));
    // A client that starts the process ends it by closing its input (MCP 2025-11-25, lifecycle).
    void ended?.then(() => leave('the client has gone'));
  });
}

/** Without a file of definitions: one server that leads to the kubeconfig, and writes nothing unless it is told to. */
function sourceOf({ source }: AgentStdio): Parameters<typeof startStdioGateway>[0]['source'] {
  if (!('kubeconfig' in source)) return source;
  const { kubeconfig, context, readOnly } = source;
  return {
    definition: definitionOf({
      name: 'crossplane',
      description: 'Crossplane of one control plane',
      readOnly,
      controlPlane: { kubeconfig: { file: kubeconfig, ...(context ? { context } : {}) } },
    }),
  };
}

function confirmationKey({ confirmationKeyFile: file }: AgentConfig): Buffer | undefined {
  if (file === undefined) return undefined;
  let key: Buffer;
  try {
    key = readFileSync(file);
  } catch (cause) {
    throw new ConnectorError(
      'confirmation-key-unusable',
      `--confirmation-key-file: cannot read ${file}: ${describeError(cause)}`,
      { cause },
    );
  }
  if (key.length < minKeyBytes)
    throw new ConnectorError(
      'confirmation-key-unusable',
      `--confirmation-key-file: ${file} has ${key.length} bytes; at least ${minKeyBytes} random ones are needed, as from "openssl rand -base64 48"`,
    );
  return key;
}
