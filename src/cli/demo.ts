import { Command } from 'commander';
import { runDemo } from '../demo/demo.ts';

/** `mcp-connector demo [--once]` */
export function demoCommand(): Command {
  return new Command('demo')
    .description(
      'start two clusters with Crossplane and the connector on this machine, and walk through a claim',
    )
    .option('--once', 'end after the walk; exit code 0 only if every step was seen', false)
    .action(async ({ once }: { once: boolean }) => {
      await runDemo({
        once,
        write: (text) => void process.stdout.write(text),
        colour: process.stdout.isTTY && process.env['NO_COLOR'] === undefined,
      });
    });
}
