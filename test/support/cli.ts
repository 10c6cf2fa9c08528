import { spawn } from 'node:child_process';
import path from 'node:path';
import type { CommandResult } from '../../src/demo/kubectl.ts';

const main = path.resolve(import.meta.dirname, '../../src/main.ts');

export interface CliOptions {
  env?: Record<string, string>;
  /** Goes to stdin. */
  input?: string;
}

/** `mcp-connector` as a process of its own, without a terminal; an exit code other than 0 is a result. */
export async function mcpConnector(
  args: readonly string[],
  { env, input }: CliOptions = {},
): Promise<CommandResult> {
  const child = spawn(process.execPath, [main, ...args], {
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
  child.stdin.on('error', () => undefined);
  child.stdin.end(input ?? '');
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return { code, stdout, stderr };
}
