import { execFile } from 'node:child_process';
import path from 'node:path';
import type { CommandResult } from '../../src/demo/kubectl.ts';

/** `mcp-connector` with these arguments; an exit code other than 0 is a result, not an error. */
export function mcpConnector(...args: string[]): Promise<CommandResult> {
  const main = path.resolve(import.meta.dirname, '../../src/main.ts');
  return new Promise((resolve) =>
    execFile(process.execPath, [main, ...args], (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr }),
    ),
  );
}
