#!/usr/bin/env node
import { CommanderError } from 'commander';
import { ConnectorError, describeError } from './base/errors.ts';
import { createProgram } from './cli/program.ts';
import { exitCodes } from './cli/exit-codes.ts';

// Whoever reads may leave early, as head does: what a command has begun goes on to its end.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

try {
  await createProgram(process.argv[1] ?? '').parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode;
  else if (error instanceof ConnectorError) {
    process.stderr.write(`error: ${describeError(error)}\n`);
    process.exitCode = exitCodes.failed;
  } else throw error;
}
