import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { npmTools } from '../npm-tools.ts';

export type Revision = '2025-11-25' | '2026-07-28';

/** Runs a program of tools/conformance on the Node that runs the tests. */
export async function judge(
  script: string,
  args: readonly string[],
): Promise<{ code: number; stdout: string; stderr: string }> {
  const folder = await npmTools('conformance');
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [path.join(folder, 'node_modules/@modelcontextprotocol', script), ...args],
      { maxBuffer: 64 * 1024 * 1024, timeout: 300_000 },
      (error, stdout, stderr) =>
        resolve({ code: error ? (typeof error.code === 'number' ? error.code : -1) : 0, stdout, stderr }),
    );
  });
}

const suite = 'conformance/dist/index.js';

/** The server scenarios that a revision requires. */
export async function requiredScenarios(revision: Revision): Promise<string[]> {
  const { stdout } = await judge(suite, ['list', '--requirements', revision]);
  const [, list = ''] = /Server scenarios[^\n]*\n((?: {2}- [^\n]+\n)+)/.exec(stdout) ?? [];
  return list
    .split('\n')
    .map((line) => line.replace(/^ {2}- /, '').trim())
    .filter((name) => name !== '');
}

/** What became of each scenario, by the suite's own summary; those that never count included. */
export async function runSuite(
  url: string,
  revision: Revision,
): Promise<{ passed: string[]; failed: string[] }> {
  const out = await mkdtemp(path.join(os.tmpdir(), 'conformance-'));
  try {
    const { stdout, stderr } = await judge(suite, [
      'server',
      '--url',
      url,
      '--requirements',
      revision,
      '-o',
      out,
    ]);
    const [, summary] = stdout.split('=== SUMMARY ===');
    if (summary === undefined) throw new Error(`the suite came to no end: ${stderr || stdout}`);
    const marked = (mark: string): string[] =>
      [...summary.matchAll(new RegExp(`^${mark} ([a-z0-9-]+): \\d+ passed`, 'gm'))].map(
        ([, name = '']) => name,
      );
    return { passed: marked('✓'), failed: marked('✗') };
  } finally {
    await rm(out, { recursive: true, force: true });
  }
}
