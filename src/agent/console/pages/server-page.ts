import { toolsetLabels } from '../catalogue.ts';
import type { Answer } from '../answers.ts';
import { clientNames, snippetFor, type SnippetOptions } from '../../servers/client-snippets.ts';
import type { RawServer } from '../definitions-text.ts';
import { type Html, html } from '../html.ts';
import type { ServerDefinition } from '../../servers/definition.ts';
import type { Flash } from '../sign-in/sessions.ts';
import { gatewayUrl, notFound, readDefinitionsText, render, serverUrl, type Visit } from '../visit.ts';
import { valuesOf } from '../wizard/definition.ts';
import { type Draft, draftId, keepDraft, steps } from '../wizard/draft.ts';
import { callersSection } from './caller-forms.ts';
import { callsTable } from './calls-page.ts';
import { badge, formToken } from './layout.ts';
import { controlPlaneOf, modesOf } from './servers-page.ts';

/** A server of the file as it stands there, and complete. Throws ConsoleRefusal where there is none. */
export async function findServer(visit: Visit): Promise<{ raw: RawServer; complete: ServerDefinition }> {
  const name = visit.params['name'] ?? '';
  const { text, stored } = await readDefinitionsText(visit);
  const raw = text.find(name);
  const complete = raw && visit.options.parse(stored).find((one) => one.name === name);
  if (!raw || !complete) throw notFound(`The server ${name}`);
  return { raw, complete };
}

export async function showServer(visit: Visit): Promise<Answer> {
  const { complete: server } = await findServer(visit);
  const { session } = visit;
  // Shown once: the page after this one does not have it any more.
  const token = session.flash?.token?.server === server.name ? session.flash.token : undefined;
  const url = serverUrl(visit, server.name);
  return {
    page: render(
      visit,
      { title: server.name, section: 'servers', scripts: ['calls.js'] },
      html`<div class="headline">
          <div>
            <h1>${server.name}</h1>
            <p class="badges">${modesOf(server)}</p>
          </div>
          <div class="buttons">
            <form method="post" action="/console/servers/${server.name}/edit">
              ${formToken(session.formToken)}<button>Edit</button>
            </form>
            <a class="button quiet" href="/console/servers/${server.name}/remove">Remove</a>
          </div>
        </div>
        <p class="lead">${server.description}</p>
        ${token && tokenOnce(token)}
        <section class="card" aria-labelledby="connect">
          <h2 id="connect">Connect a client</h2>
          <p class="address">
            <code id="server-url">${url}</code>
            <button type="button" data-copy="server-url" hidden>
              Copy<span class="unseen"> the address</span>
            </button>
          </p>
          ${snippets(visit, server)}
        </section>
        ${factsOf(server)} ${callersSection(visit, server)}
        <section aria-labelledby="calls-title">
          <h2 id="calls-title">Live calls</h2>
          ${callsTable(server.name)}
        </section>`,
    ),
  };
}

/** A draft with what the file says now. */
export async function editServer(visit: Visit): Promise<Answer> {
  const { raw, complete } = await findServer(visit);
  const draft: Draft = {
    id: draftId(),
    entry: '',
    editing: { name: complete.name, raw, complete },
    values: valuesOf(complete),
    secrets: {},
    test: undefined,
    done: new Set(steps.map(({ id }) => id).filter((id) => id !== 'review')),
  };
  keepDraft(visit.session.drafts, draft);
  return { redirect: `/console/drafts/${draft.id}/name` };
}

export function tokenOnce({ caller, value }: NonNullable<Flash['token']>): Html {
  return html`<section class="note once" aria-labelledby="token-title">
    <h2 id="token-title">Bearer token of ${caller}</h2>
    <p>It is shown this once. Keep it where the client finds it; if it is lost, make a new one below.</p>
    <p class="address">
      <code id="new-token">${value}</code>
      <button type="button" data-copy="new-token" hidden>Copy<span class="unseen"> the token</span></button>
    </p>
  </section>`;
}

function snippets(visit: Visit, { name, authentication }: ServerDefinition): readonly Html[] {
  const options: SnippetOptions = {
    server: name,
    url: gatewayUrl(visit),
    tokenVariable: 'MCP_CONNECTOR_TOKEN',
    isOAuth: authentication?.tokens === undefined,
  };
  // Who is here has a gateway that runs.
  const names = clientNames.filter((client) => client !== 'stdio');
  return names.map((id, at) => {
    const { client, where, text } = snippetFor(id, options);
    return html`<details class="snippet" ${at === 0 && html`open`}>
      <summary>${client}</summary>
      <div class="headline">
        <p class="hint">${where}</p>
        <button type="button" data-copy="snippet-${id}" hidden>
          Copy<span class="unseen"> for ${client}</span>
        </button>
      </div>
      <pre tabindex="0" role="region" aria-label="For ${client}"><code id="snippet-${id}">${text}</code></pre>
    </details>`;
  });
}

function factsOf(server: ServerDefinition): Html {
  const { tools, rateLimits, audit } = server;
  const labels = toolsetLabels
    .filter(({ id }) => tools.toolsets?.includes(id) ?? true)
    .map(({ label }) => label);
  return html`<section class="card" aria-labelledby="settings">
    <h2 id="settings">Settings</h2>
    <dl class="facts">
      <div>
        <dt>Control plane</dt>
        <dd>${controlPlaneOf(server)}</dd>
      </div>
      <div>
        <dt>Time-out</dt>
        <dd>${server.timeoutSeconds} seconds</dd>
      </div>
      <div>
        <dt>Tools</dt>
        <dd>${labels.join(', ')}</dd>
      </div>
      <div>
        <dt>Calls a minute</dt>
        <dd>
          ${perMinute(rateLimits.read.perMinute)} reads, ${perMinute(rateLimits.create.perMinute)} creates,
          ${perMinute(rateLimits.destructive.perMinute)} changes and deletions
        </dd>
      </div>
      <div>
        <dt>Audit log</dt>
        <dd>
          ${audit ? (audit.logPath === '-' ? 'standard output' : html`<code>${audit.logPath}</code>`) : badge('warning', 'none')}
        </dd>
      </div>
    </dl>
  </section>`;
}

function perMinute(calls: number): string {
  return calls === 0 ? 'no limit' : String(calls);
}
