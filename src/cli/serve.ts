import { Command } from 'commander';
import { describeError } from '../base/errors.ts';
import { createLogger } from '../base/logger.ts';
import { completeConfig, type Flags } from '../config/config.ts';
import { environmentName, type Option, serveOptions } from '../config/options.ts';
import { startConnector } from '../connector.ts';

/** `mcp-connector serve` */
export function serveCommand(): Command {
  const command = new Command('serve').description(
    'Serve the claim APIs of a control plane in the app cluster',
  );
  for (const option of serveOptions as readonly Option[]) {
    const names = `${option.short ? `-${option.short}, ` : ''}--${option.flag}${option.value ? ` <${option.value}>` : ''}`;
    const text = `${option.help}${option.default === undefined ? '' : ` (default: ${option.default})`} [$${environmentName(option.flag)}]`;
    if (option.repeatable) command.option(names, text, (value: string, all: string[]) => [...all, value], []);
    else command.option(names, text);
  }
  return command.action(async (flags: Flags) => {
    const config = completeConfig(flags, process.env);
    const log = createLogger(config.logLevel);
    const connector = await startConnector(config, log);
    const stop = (signal: string): void => {
      log.info({ signal }, 'stopping');
      connector.stop().then(
        () => process.exit(0),
        (error: unknown) => {
          log.error({ reason: describeError(error) }, 'the stop failed');
          process.exit(1);
        },
      );
    };
    process.once('SIGTERM', stop);
    process.once('SIGINT', stop);
  });
}
