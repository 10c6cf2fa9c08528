import { describeError } from '../../../base/errors.ts';
import type { Answer } from '../answers.ts';
import { type Html, html, type Printable } from '../html.ts';
import { render, type Visit } from '../visit.ts';
import type { ConnectorStatus } from '../status/connector-status.ts';
import { badge } from './layout.ts';
import { checkList } from './test-result.ts';

/** What `mcp-connector status` shows of the connector in this cluster. */
export async function showStatus(visit: Visit): Promise<Answer> {
  const { status: source } = visit.options;
  let content: Printable;
  if (typeof source === 'string') content = notAvailable(source);
  else {
    try {
      content = statusOf(await source.read());
    } catch (error) {
      // Who reads it is signed in; the words are those of `mcp-connector status`.
      content = notAvailable(describeError(error));
    }
  }
  return {
    page: render(
      visit,
      { title: 'Status', section: 'status' },
      html`<div class="headline">
          <h1>Connector status</h1>
          <a class="button" href="/console/status">Refresh</a>
        </div>
        <p class="lead">The connector that offers the control plane's claim APIs in this cluster.</p>
        ${content}`,
    ),
  };
}

function notAvailable(reason: string): Html {
  return html`<div class="note unknown" role="status">
    <h2>There is no status to show</h2>
    <p>${reason}</p>
    <p>
      The agent gateway works without it. <code>mcp-connector status</code> shows it where the kubeconfig of
      the cluster is.
    </p>
  </div>`;
}

function statusOf({ status, problems, events, unseen }: ConnectorStatus): Html {
  const { pods, apis, conflicts, credentials, versions } = status;
  const claims = apis.reduce((sum, api) => sum + (api.claims ?? 0), 0);
  const available = apis.filter((api) => api.available).length;
  return html`${
      problems.length === 0
        ? html`<p class="note ok">All is well.</p>`
        : html`<section aria-labelledby="problems">
            <h2 id="problems">What needs a look</h2>
            ${checkList(problems)}
          </section>`
    }
    <dl class="tiles">
      ${tile('Connected APIs', `${available} of ${apis.length}`, 'are Available')}
      ${tile('Claims', apis.some((api) => api.claims === undefined) ? `${claims}+` : claims, 'in all namespaces')}
      ${tile('Replicas', pods ? `${pods.ready} of ${pods.wanted}` : '–', pods ? 'are ready' : 'runs outside of this cluster')}
      ${tile('Conflicts', conflicts.length, conflicts.length === 0 ? 'none' : 'belong to somebody else')}
    </dl>
    ${table(
      'Connected APIs',
      ['API', 'Versions', 'State', 'Since', 'Claims'],
      'Nothing is connected.',
      apis.map((api) => [
        html`<code>${api.resource}</code>`,
        api.versions.join(', '),
        api.available
          ? badge('ok', 'Available')
          : [badge('failed', 'Not available'), html` <span class="sub">${api.reason}</span>`],
        time(api.since),
        api.claims ?? '?',
      ]),
    )}
    ${
      conflicts.length > 0 &&
      table(
        'Conflicts',
        ['APIService', 'Belongs to', 'Since'],
        '',
        conflicts.map(({ apiService, owner, since }) => [
          html`<code>${apiService}</code>`,
          owner,
          time(since),
        ]),
      )
    }
    ${table(
      'Certificates and credentials',
      ['Name', 'Expires', 'Renewed'],
      'None can be seen from here.',
      credentials.map(({ name, expires, isRenewed }) => [
        name,
        expires ? time(expires) : 'never',
        isRenewed ? 'by the connector' : 'by you',
      ]),
    )}
    ${table(
      'Recent warnings',
      ['Time', 'About', 'Reason', 'Message'],
      'None.',
      events.map((event) => [
        time(event.time),
        event.object,
        event.reason,
        `${event.message}${event.count > 1 ? ` (${event.count} times)` : ''}`,
      ]),
    )}
    <section class="card" aria-labelledby="facts">
      <h2 id="facts">Facts</h2>
      <dl class="facts">
        <div>
          <dt>Claim namespace</dt>
          <dd><code>${status.claimNamespace}</code></dd>
        </div>
        <div>
          <dt>Cluster ID</dt>
          <dd><code>${status.clusterID}</code></dd>
        </div>
        <div>
          <dt>Connected since</dt>
          <dd>${time(status.connectedSince)}</dd>
        </div>
        <div>
          <dt>Connector</dt>
          <dd>${versions.connector}</dd>
        </div>
        <div>
          <dt>App cluster</dt>
          <dd>Kubernetes ${versions.appCluster}</dd>
        </div>
      </dl>
    </section>
    ${
      unseen.length > 0 &&
      html`<section class="note unknown" aria-labelledby="unseen">
        <h2 id="unseen">What cannot be seen from here</h2>
        <ul>
          ${unseen.map((sentence) => html`<li>${sentence}</li>`)}
        </ul>
      </section>`
    }`;
}

function tile(label: string, value: Printable, more: Printable): Html {
  return html`<div class="tile">
    <dt>${label}</dt>
    <dd>${value}<span class="sub">${more}</span></dd>
  </div>`;
}

function table(
  title: string,
  head: readonly string[],
  none: string,
  rows: readonly (readonly Printable[])[],
): Html {
  const id = title.toLowerCase().replaceAll(/\W+/g, '-');
  return html`<section aria-labelledby="${id}">
    <h2 id="${id}">${title}</h2>
    ${
      rows.length === 0
        ? html`<p class="hint">${none}</p>`
        : html`<div class="scroll" role="region" aria-labelledby="${id}" tabindex="0">
            <table>
              <thead>
                <tr>
                  ${head.map((label) => html`<th scope="col">${label}</th>`)}
                </tr>
              </thead>
              <tbody>
                ${rows.map(
                  (row) =>
                    html`<tr>
                      ${row.map((cell) => html`<td>${cell}</td>`)}
                    </tr>`,
                )}
              </tbody>
            </table>
          </div>`
    }
  </section>`;
}

function time(text: string | undefined): Printable {
  return text
    ? html`<time datetime="${text}">${text.replace('T', ' ').replace(/(\.\d+)?Z$/, ' UTC')}</time>`
    : 'unknown';
}
