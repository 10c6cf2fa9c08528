import type { AuthenticationSettings } from '../../callers/settings.ts';
import type { ServerDefinition } from '../../servers/definition.ts';
import type { Answer } from '../answers.ts';
import { changeDefinitions, forgetCredentials } from '../change-definitions.ts';
import { type Html, html } from '../html.ts';
import { ConsoleRefusal } from '../refusal.ts';
import { notFound, type Visit } from '../visit.ts';
import { credentialKey, newCallerToken } from '../wizard/credentials.ts';
import { formToken } from './layout.ts';

type Tokens = NonNullable<AuthenticationSettings['tokens']>;

/** Who may call by a bearer token; empty for a server with another door. */
export function callersSection(
  { session }: Visit,
  { name, authentication }: ServerDefinition,
): Html | undefined {
  const tokens = authentication?.tokens;
  if (!tokens) return undefined;
  const action = (what: string, caller: string, label: string): Html =>
    html`<form method="post" action="/console/servers/${name}/callers/${what}">
      ${formToken(session.formToken)}<input type="hidden" name="caller" value="${caller}" />
      <button class="quiet">${label}<span class="unseen"> of ${caller}</span></button>
    </form>`;
  return html`<section class="card" aria-labelledby="callers">
    <h2 id="callers">Callers</h2>
    <p class="hint">
      One token for each agent or person: the audit log then tells them apart, and one can go alone.
    </p>
    <ul class="rows">
      ${tokens.map(
        ({ name: caller, groups }) =>
          html`<li>
            <span
              ><code>${caller}</code>
              ${groups.length > 0 && html`<span class="sub">${groups.join(', ')}</span>`}</span
            >
            <span class="buttons">
              ${action('renew', caller, 'New token')}
              ${tokens.length > 1 && action('remove', caller, 'Remove')}
            </span>
          </li>`,
      )}
    </ul>
    <form method="post" action="/console/servers/${name}/callers/add" class="row">
      ${formToken(session.formToken)}
      <div class="field">
        <label for="caller">Name of another caller</label>
        <input
          type="text"
          id="caller"
          name="caller"
          required
          maxlength="100"
          pattern="[!-~]+"
          autocomplete="off"
          class="mono"
        />
      </div>
      <button>Add caller</button>
    </form>
  </section>`;
}

export function addCaller(visit: Visit): Promise<Answer> {
  const caller = callerOf(visit);
  if (!/^[\x21-\x7e]{1,100}$/.test(caller))
    throw new ConsoleRefusal(422, 'The name of a caller has to be letters, digits and signs without spaces.');
  return withNewToken(visit, caller, (tokens, file) => {
    if (tokens.some(({ name }) => name === caller))
      throw new ConsoleRefusal(
        409,
        `There is a caller named ${caller} already. Give it a new token instead.`,
      );
    return [...tokens, { name: caller, file } as Tokens[number]];
  });
}

/** The old token ends when the definition is read with the new one. */
export function renewCaller(visit: Visit): Promise<Answer> {
  const caller = callerOf(visit);
  return withNewToken(visit, caller, (tokens, file) => {
    if (!tokens.some(({ name }) => name === caller)) throw notFound(`The caller ${caller}`);
    return tokens.map((token) => (token.name === caller ? { ...token, file } : token));
  });
}

export async function removeCaller(visit: Visit): Promise<Answer> {
  const caller = callerOf(visit);
  const server = visit.params['name'] ?? '';
  const before = await changeTokens(visit, (tokens) => {
    const left = tokens.filter(({ name }) => name !== caller);
    if (left.length === 0)
      throw new ConsoleRefusal(
        409,
        'The last caller cannot be removed: give it a new token, or remove the server.',
      );
    return left;
  });
  await forgetCredentials(visit, before);
  visit.session.flash = { message: `${caller} may not call any more.` };
  return { redirect: `/console/servers/${server}` };
}

async function withNewToken(
  visit: Visit,
  caller: string,
  change: (tokens: Tokens, file: string) => Tokens,
): Promise<Answer> {
  const { options, session, params } = visit;
  const server = params['name'] ?? '';
  const value = newCallerToken();
  const key = credentialKey(server, 'caller');
  const file = options.credentials.pathOf(key);
  try {
    await options.credentials.write(key, value);
    await forgetCredentials(visit, await changeTokens(visit, (tokens) => change(tokens, file)));
  } catch (error) {
    await options.credentials.remove(file).catch(() => undefined);
    throw error;
  }
  session.flash = { message: `${caller} has a new token.`, token: { server, caller, value } };
  return { redirect: `/console/servers/${server}` };
}

function changeTokens(
  visit: Visit,
  change: (tokens: Tokens) => Tokens,
): ReturnType<typeof changeDefinitions> {
  const name = visit.params['name'] ?? '';
  return changeDefinitions(visit, (text) => {
    const server = text.find(name);
    const authentication = server?.['authentication'] as AuthenticationSettings | undefined;
    if (!server || !authentication?.tokens) throw notFound(`The server ${name} with bearer tokens`);
    text.replace(name, {
      ...server,
      authentication: { ...authentication, tokens: change(authentication.tokens) },
    });
  });
}

function callerOf({ form }: Visit): string {
  return (form.get('caller') ?? '').trim();
}
