import path from 'node:path';
import { Command } from 'commander';
import { productVersion } from '../base/version.ts';
import { adoptCommand } from './adopt.ts';
import { agentCommand } from './agent.ts';
import { completionCommand } from './completion.ts';
import { demoCommand } from './demo.ts';
import { doctorCommand } from './doctor.ts';
import { exitCodes } from './exit-codes.ts';
import { installCommand } from './install.ts';
import { moveCommand } from './move.ts';
import { serveCommand } from './serve.ts';
import { statusCommand } from './status.ts';
import { uninstallCommand } from './uninstall.ts';

/** Their exit code 1 has a meaning of its own. */
const looking = new Set(['doctor']);

/** All commands, under the name they were called by: `mcp-connector`, or `kubectl mcp-connector` as a plugin of kubectl. */
export function createProgram(calledAs: string): Command {
  const name = path.basename(calledAs).startsWith('kubectl-') ? 'kubectl mcp-connector' : 'mcp-connector';
  const program = new Command(name)
    .description(
      'Use the claim APIs of a remote Crossplane control plane as if Crossplane were installed in this cluster',
    )
    .version(productVersion())
    // Needed on the way to every command that has commands of its own, and for a command's own --version.
    .enablePositionalOptions()
    .addCommand(installCommand())
    .addCommand(statusCommand())
    .addCommand(doctorCommand())
    .addCommand(serveCommand())
    .addCommand(uninstallCommand())
    .addCommand(moveCommand())
    .addCommand(adoptCommand())
    .addCommand(agentCommand())
    .addCommand(demoCommand());
  program.addCommand(completionCommand(program));
  // Neither is inherited by commands that are added.
  for (const command of [program, ...program.commands]) {
    const full = command === program ? name : `${name} ${command.name()}`;
    command.showHelpAfterError(`See '${full} --help' for usage.`).exitOverride((error) => {
      if (error.exitCode !== exitCodes.done && looking.has(command.name()))
        error.exitCode = exitCodes.couldNotLook;
      throw error;
    });
  }
  return program;
}
