import { DefinitionsConflict } from './definitions-store.ts';
import { DefinitionsText, type RawServer } from './definitions-text.ts';
import type { ConsoleParts } from './visit.ts';
import { filesNamedIn } from './wizard/credentials.ts';

/** Somebody else may write between reading and writing; the change is then made again, on what is there. */
const tries = 4;

/**
 * Changes the definitions as they are at this moment. `change` throws where what it is about is not as it was. What is written has
 * been read as the gateway will read it, so a wrong definition is never stored. Returns the text before, for `forgetCredentials`.
 */
export async function changeDefinitions(
  { options: { definitions, parse } }: ConsoleParts,
  change: (text: DefinitionsText) => void,
): Promise<RawServer[]> {
  for (let tried = 1; ; tried++) {
    const { text: stored, version } = await definitions.read();
    const text = new DefinitionsText(stored);
    const before = text.servers;
    change(text);
    const next = text.toString();
    parse(next);
    try {
      await definitions.write(next, version);
      return before;
    } catch (error) {
      if (!(error instanceof DefinitionsConflict) || tried === tries) throw error;
    }
  }
}

/** Removes credentials of this console that no definition names any more; what is left behind by a failure hurts nobody. */
export async function forgetCredentials(
  { options }: ConsoleParts,
  before: readonly RawServer[],
): Promise<void> {
  const { credentials, definitions, log } = options;
  try {
    const now = filesNamedIn(new DefinitionsText((await definitions.read()).text).servers);
    for (const file of filesNamedIn(before)) if (!now.has(file)) await credentials.remove(file);
  } catch (error) {
    log.warn({ err: error }, 'console: a credential that is not used any more was not removed');
  }
}
