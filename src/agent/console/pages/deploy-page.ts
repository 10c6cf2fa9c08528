import { ConnectorError } from '../../../base/errors.ts';
import type { Answer } from '../answers.ts';
import { changeDefinitions, forgetCredentials } from '../change-definitions.ts';
import type { DefinitionsText } from '../definitions-text.ts';
import { ConsoleRefusal } from '../refusal.ts';
import { serverUrl, type Visit } from '../visit.ts';
import { credentialsOf } from '../wizard/credentials.ts';
import { toDefinition } from '../wizard/definition.ts';
import { type Draft, steps } from '../wizard/draft.ts';
import { pathOf } from './draft-links.ts';
import { draftOf, wizardPage } from './wizard-page.ts';

/** Writes the server, and goes to its page; what does not fit is told on the review. */
export async function deployDraft(visit: Visit): Promise<Answer> {
  const { session, options } = visit;
  const draft = draftOf(visit);
  const open = steps.find(({ id }) => id !== 'review' && !draft.done.has(id));
  if (open) return { redirect: pathOf(draft, open.id) };
  const { values, editing } = draft;
  const credentials = credentialsOf(draft, options.credentials);
  const definition = toDefinition(
    values,
    editing?.raw ?? {},
    credentials.paths,
    serverUrl(visit, values.name),
  );
  try {
    await credentials.write();
    const before = await changeDefinitions(visit, (text) => {
      checkNothingElseHappened(draft, text);
      if (editing) text.replace(editing.name, definition);
      else text.add(definition);
    });
    await forgetCredentials(visit, before);
  } catch (error) {
    await credentials.undo();
    if (error instanceof ConnectorError && error.code === 'definitions-invalid')
      return { page: wizardPage(visit, draft, 'review', { review: error.message }), status: 422 };
    if (error instanceof ServerChanged)
      return { page: wizardPage(visit, draft, 'review', { review: error.message }), status: 409 };
    throw error;
  }
  options.log.info({ server: values.name }, `console: server ${editing ? 'changed' : 'added'}`);
  session.drafts.delete(draft.id);
  session.flash = {
    message: editing ? 'The changes are saved, and take effect now.' : `${values.name} is deployed.`,
    ...(credentials.callerToken === undefined
      ? {}
      : { token: { server: values.name, caller: values.caller, value: credentials.callerToken } }),
  };
  return { redirect: `/console/servers/${values.name}` };
}

/** The server is not the one that was read when the change was begun. */
class ServerChanged extends ConsoleRefusal {
  constructor(message: string) {
    super(409, message);
  }
}

function checkNothingElseHappened({ editing, values }: Draft, text: DefinitionsText): void {
  const now = text.find(values.name);
  if (!editing) {
    if (now) throw new ServerChanged(`There is a server named ${values.name} already. Choose another name.`);
    return;
  }
  if (!now) throw new ServerChanged(`${editing.name} was removed in between. Nothing was written.`);
  if (JSON.stringify(now) !== JSON.stringify(editing.raw))
    throw new ServerChanged(
      `${editing.name} was changed by somebody else since you began. Nothing was written: discard this, and make your change on what is there now.`,
    );
}
