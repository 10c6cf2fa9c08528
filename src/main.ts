#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { ConnectorError } from './base/errors.ts';
import { demoCommand } from './cli/demo.ts';
import { doctorCommand } from './cli/doctor.ts';
import { serveCommand } from './cli/serve.ts';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

const program = new Command('mcp-connector')
  .description(
    'Use the claim APIs of a remote Crossplane control plane as if Crossplane were installed in this cluster',
  )
  .version(version)
  .showHelpAfterError('(add --help for the options)')
  .exitOverride()
  .addCommand(serveCommand())
  .addCommand(doctorCommand())
  .addCommand(demoCommand());

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode;
  else if (error instanceof ConnectorError) {
    process.stderr.write(`error: ${error.message}\n`);
    process.exitCode = 1;
  } else throw error;
}
