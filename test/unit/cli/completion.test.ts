import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Command, Option } from 'commander';
import { describe, expect, it } from '@jest/globals';
import { completionScript } from '../../../src/cli/completion.ts';
import { createProgram } from '../../../src/cli/program.ts';

const run = promisify(execFile);

/** A program with commands below commands, and choices. */
function sample(): Command {
  const move = new Command('move')
    .option('--all', 'all of them')
    .addCommand(new Command('undo').option('--force'));
  const status = new Command('status').addOption(
    new Option('-o, --output <format>').choices(['json', 'yaml']),
  );
  return new Command('mcp-connector').addCommand(move).addCommand(status);
}

/** What bash offers for the last of the words. */
async function offered(...words: string[]): Promise<string[]> {
  const script = `${completionScript(sample(), 'bash')}
COMP_WORDS=(mcp-connector "$@"); COMP_CWORD=$#; _mcp_connector; echo "\${COMPREPLY[*]}"`;
  const { stdout } = await run('bash', ['-c', script, 'bash', ...words]);
  return stdout
    .trim()
    .split(' ')
    .filter((word) => word !== '');
}

describe('completion', () => {
  it('knows commands, commands below them, flags and their choices, in bash [install.output.completion]', async () => {
    expect(await offered('')).toEqual(['move', 'status', 'help']);
    expect(await offered('st')).toEqual(['status']);
    expect(await offered('move', '')).toEqual(['undo', 'help']);
    expect(await offered('move', '--')).toEqual(['--all', '--help']);
    expect(await offered('move', '--all', 'undo', '--f')).toEqual(['--force']);
    expect(await offered('status', '-o', '')).toEqual(['json', 'yaml']);
    expect(await offered('status', '--output', 'y')).toEqual(['yaml']);
  });

  it('has each command and flag for fish too [install.output.completion]', () => {
    const script = completionScript(sample(), 'fish');
    expect(script).toContain(
      `-n '__fish_seen_subcommand_from move; and __fish_seen_subcommand_from undo' -l force`,
    );
    expect(script).toContain(`-s o -l output -r -f -a 'json yaml'`);
  });
});

describe('the program', () => {
  it('is called as it was called: by itself or as a plugin of kubectl [install.output.plugin]', () => {
    expect(createProgram('/usr/bin/mcp-connector').name()).toBe('mcp-connector');
    expect(createProgram('/usr/bin/kubectl-mcp_connector').name()).toBe('kubectl mcp-connector');
  });

  it.each([
    ['serve', 1],
    ['doctor', 2],
  ])(
    'ends %s with exit code %i for a flag it does not know [install.output.exit]',
    async (command, exitCode) => {
      const program = createProgram('mcp-connector');
      for (const one of [program, ...program.commands]) one.configureOutput({ writeErr: () => undefined });
      await expect(program.parseAsync(['node', 'x', command, '--foo'])).rejects.toMatchObject({ exitCode });
    },
  );
});
