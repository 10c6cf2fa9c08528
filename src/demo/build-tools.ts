import { ConnectorError, describeError } from '../base/errors.ts';
import { toolOf, tools } from './tool-catalog.ts';
import { crossplaneManifests, ensureTools } from './tools.ts';

/** `make tools`: finds or builds the tools named in the arguments, or all of them, and prints where each one is. */
const progress = (line: string): void => void process.stderr.write(`${line}\n`);
try {
  const asked = process.argv.slice(2).map((name) => toolOf(name));
  const names = (asked.length > 0 ? asked : tools).map(({ name }) => name);
  const paths = await ensureTools(names, progress);
  if (names.includes('crossplane')) await crossplaneManifests();
  for (const [name, file] of Object.entries(paths)) process.stdout.write(`${name}\t${file}\n`);
} catch (error) {
  if (!(error instanceof ConnectorError)) throw error;
  process.stderr.write(`${describeError(error)}\n`);
  process.exitCode = 1;
}
