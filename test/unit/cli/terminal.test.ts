import { describe, expect, it } from '@jest/globals';
import { confirm } from '../../../src/cli/confirmation.ts';
import { printed } from '../../../src/cli/output-format.ts';
import { Progress } from '../../../src/cli/progress.ts';
import { columns } from '../../../src/cli/table.ts';
import { processTerminal } from '../../../src/cli/terminal.ts';

type Streams = NonNullable<Parameters<typeof processTerminal>[0]>;

/** Streams of a terminal or of files, and what was written to stderr. */
function streams(isTTY: boolean): { streams: Streams; notes: () => string } {
  let notes = '';
  const stderr = { isTTY, columns: 40, write: (text: string) => (notes += text) };
  return {
    streams: { stdin: { isTTY }, stdout: { isTTY, write: () => true }, stderr } as unknown as Streams,
    notes: () => notes,
  };
}

function coloured(isTTY: boolean, environment: Record<string, string>): boolean {
  return processTerminal(streams(isTTY).streams, environment).style('red', 'no') !== 'no';
}

function answering(answer: string): { ask: () => Promise<string> } {
  return { ask: async () => answer };
}

describe('output', () => {
  it('is coloured on a terminal, and not where NO_COLOR is set, TERM is dumb, or a file is written [install.output.plain]', () => {
    expect(coloured(true, {})).toBe(true);
    expect(coloured(true, { NO_COLOR: '1' })).toBe(false);
    expect(coloured(true, { TERM: 'dumb' })).toBe(false);
    expect(coloured(false, {})).toBe(false);
  });

  it('moves on a terminal only, and keeps its lines elsewhere [install.output.plain]', () => {
    const [terminal, file] = [streams(true), streams(false)];
    for (const { streams: given } of [terminal, file]) {
      using progress = new Progress(processTerminal(given, {}));
      progress.step('waiting for a very long name of something', 1, 2);
      progress.line('done');
    }
    expect(file.notes()).toBe('done\n');
    expect(terminal.notes()).toBe(
      `\r\u001B[2K[${'#'.repeat(12)}${'.'.repeat(12)}] 1/2 waiting\u0020\r\u001B[2Kdone\n`,
    );
  });

  it('of a table has cells as wide as they look', () => {
    expect(
      columns([
        ['NAME', 'STATE'],
        ['\u001B[31ma\u001B[0m', 'b'],
        ['longer', ''],
      ]),
    ).toBe('NAME     STATE\n\u001B[31ma\u001B[0m        b\nlonger\n');
  });

  it('says the same as json and as yaml, and leaves out what is not there', () => {
    const value = { a: 1, b: undefined, c: ['x'] };
    expect(printed(value, 'json', String)).toBe('{\n  "a": 1,\n  "c": [\n    "x"\n  ]\n}\n');
    expect(printed(value, 'yaml', String)).toBe('a: 1\nc:\n  - x\n');
    expect(printed(value, 'table', () => 'table')).toBe('table');
  });
});

describe('a question', () => {
  it.each(['y', 'Yes', ' yes '])('is answered with %j', async (answer) => {
    await expect(confirm('Go on?', { yes: false, terminal: answering(answer) })).resolves.toBeUndefined();
  });

  it.each(['', 'n', 'yesterday'])('is not answered with %j', async (answer) => {
    await expect(confirm('Go on?', { yes: false, terminal: answering(answer) })).rejects.toThrow(
      'nothing was done',
    );
  });

  it('is not asked with --yes, and needs it where there is no terminal', async () => {
    await expect(confirm('Go on?', { yes: true, terminal: { ask: undefined } })).resolves.toBeUndefined();
    await expect(confirm('Go on?', { yes: false, terminal: { ask: undefined } })).rejects.toThrow(
      'give --yes',
    );
  });
});
