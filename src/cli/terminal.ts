import { createInterface } from 'node:readline/promises';
import type { ReadStream, WriteStream } from 'node:tty';

const codes = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 } as const;
export type Style = keyof typeof codes;

/**
 * Where a command writes. Results go to `out`, which may be a file or a pipe; what happens meanwhile, warnings and
 * questions go to `note`. Colour and moving lines are for people in front of a terminal.
 */
export interface Terminal {
  /** Results. */
  out: (text: string) => void;
  /** Whatever is no result. */
  note: (text: string) => void;
  /** Colours for what goes to `out` and to `note`; the text as it is where there are none. */
  style: (style: Style, text: string) => string;
  noteStyle: (style: Style, text: string) => string;
  /** Columns of the terminal that notes go to; undefined where a line cannot be written over. */
  columns: number | undefined;
  /** Asks on the terminal; undefined where nobody could answer. */
  ask: ((question: string) => Promise<string>) | undefined;
}

/** Of this process. NO_COLOR (no-color.org) and TERM=dumb end colour and moving lines, each in its own way. */
export function processTerminal(
  streams: { stdin: ReadStream; stdout: WriteStream; stderr: WriteStream } = process,
  environment: Record<string, string | undefined> = process.env,
): Terminal {
  const { stdin, stdout, stderr } = streams;
  const isDumb = environment['TERM'] === 'dumb';
  const hasColour = (stream: { isTTY: boolean }): boolean =>
    stream.isTTY && !isDumb && !environment['NO_COLOR'];
  const styleFor =
    (stream: { isTTY: boolean }) =>
    (style: Style, text: string): string =>
      hasColour(stream) ? `\u001B[${codes[style]}m${text}\u001B[0m` : text;
  return {
    out: (text) => void stdout.write(text),
    note: (text) => void stderr.write(text),
    style: styleFor(stdout),
    noteStyle: styleFor(stderr),
    get columns() {
      return stderr.isTTY && !isDumb ? stderr.columns : undefined;
    },
    ask:
      stdin.isTTY && stderr.isTTY
        ? async (question) => {
            const lines = createInterface({ input: stdin, output: stderr });
            try {
              return await lines.question(question);
            } finally {
              lines.close();
            }
          }
        : undefined,
  };
}
