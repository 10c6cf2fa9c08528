import { describe } from '@jest/globals';
import type { Releases, ToolName } from '../../src/demo/tool-catalog.ts';
import { missingTools } from '../../src/demo/tools.ts';

/** Set to anything, it has the releases built that only a few tests need; each takes minutes. */
export const buildVariable = 'MCP_CONNECTOR_BUILD_RELEASES';

/**
 * `describe` where the tools of these releases are there, or are asked for; otherwise `describe.skip`, after one printed line
 * that says why and how to run it.
 */
export async function describeWithReleases(
  file: string,
  tools: readonly ToolName[],
  releases: Releases,
): Promise<typeof describe | typeof describe.skip> {
  const missing = await missingTools(tools, releases);
  if (missing.length === 0 || process.env[buildVariable]) return describe;
  process.stderr.write(
    `${file}: skipped, since ${missing.join(' and ')} would have to be built first: set ${buildVariable}=1 to do so\n`,
  );
  return describe.skip;
}
