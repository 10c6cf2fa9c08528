import type { Answer } from '../answers.ts';
import { changeDefinitions, forgetCredentials } from '../change-definitions.ts';
import { html } from '../html.ts';
import { notFound, render, serverUrl, type Visit } from '../visit.ts';
import { formToken } from './layout.ts';
import { findServer } from './server-page.ts';

export async function askRemoval(visit: Visit): Promise<Answer> {
  const { complete: server } = await findServer(visit);
  const { name, authentication } = server;
  const callers = authentication?.tokens?.map((token) => token.name).join(', ');
  return {
    page: render(
      visit,
      { title: `Remove ${name}`, section: 'servers' },
      html`<section class="card narrow">
        <h1>Remove ${name}?</h1>
        <p>
          <code>${serverUrl(visit, name)}</code> ends at once for every
          client${callers !== undefined && html` (${callers})`}, and its tokens with it. Nothing on the
          control plane is touched.
        </p>
        <form method="post" action="/console/servers/${name}/remove">
          ${formToken(visit.session.formToken)}
          <div class="buttons">
            <button class="danger">Remove the server</button>
            <a class="button quiet" href="/console/servers/${name}">Keep it</a>
          </div>
        </form>
      </section>`,
    ),
  };
}

export async function removeServer(visit: Visit): Promise<Answer> {
  const name = visit.params['name'] ?? '';
  const before = await changeDefinitions(visit, (text) => {
    if (!text.find(name)) throw notFound(`The server ${name}`);
    text.remove(name);
  });
  await forgetCredentials(visit, before);
  visit.options.log.info({ server: name }, 'console: server removed');
  visit.session.flash = { message: `${name} is removed.` };
  return { redirect: '/console/servers' };
}
