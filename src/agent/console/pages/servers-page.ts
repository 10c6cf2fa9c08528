import { describeError } from '../../../base/errors.ts';
import type { Answer } from '../answers.ts';
import { type Html, html } from '../html.ts';
import type { ServerDefinition } from '../../servers/definition.ts';
import { render, serverUrl, type Visit } from '../visit.ts';
import { badge } from './layout.ts';

/** All servers of the file, and what is wrong with it. */
export async function showServers(visit: Visit): Promise<Answer> {
  const { options } = visit;
  const { text } = await options.definitions.read();
  let servers: readonly ServerDefinition[] = [];
  let fault: string | undefined;
  try {
    // A file that nobody has written yet is no fault.
    servers = text.trim() === '' ? [] : options.parse(text);
  } catch (error) {
    fault = describeError(error);
  }
  const problem = options.problem();
  return {
    page: render(
      visit,
      { title: 'Servers', section: 'servers' },
      html`<div class="headline">
          <h1>Servers</h1>
          <a class="button primary" href="/console/catalogue">Add a server</a>
        </div>
        <p class="lead">
          Each server is a set of tools at an address of its own, for agents that speak the Model Context
          Protocol.
        </p>
        ${
          (fault ?? problem) !== undefined &&
          html`<div class="note failed" role="alert">
            <h2>The definitions are not in use as they stand</h2>
            <p>${fault ?? problem}</p>
            <p>
              The gateway goes on with the last ones that were right. Correct ${options.definitions.place}.
            </p>
          </div>`
        }
        ${servers.length > 0 ? table(servers, visit) : fault === undefined && empty}
        <p class="hint">
          Defined in <code>${options.definitions.place}</code>; a change there takes effect without a restart.
        </p>`,
    ),
  };
}

const empty = html`<section class="card empty">
  <h2>No server yet</h2>
  <p>
    Choose one from the catalogue. Setting it up takes about two minutes, and a kubeconfig of the control
    plane.
  </p>
  <p><a class="button" href="/console/catalogue">Open the catalogue</a></p>
</section>`;

function table(servers: readonly ServerDefinition[], visit: Visit): Html {
  return html`<div class="scroll" role="region" aria-label="Servers" tabindex="0">
    <table>
      <thead>
        <tr>
          <th scope="col">Name</th>
          <th scope="col">Address</th>
          <th scope="col">Control plane</th>
          <th scope="col">Mode</th>
        </tr>
      </thead>
      <tbody>
        ${servers.map(
          (server) =>
            html`<tr>
              <th scope="row">
                <a href="/console/servers/${server.name}">${server.name}</a>
                <span class="sub">${firstSentence(server.description)}</span>
              </th>
              <td><code>${serverUrl(visit, server.name)}</code></td>
              <td>${controlPlaneOf(server)}</td>
              <td><span class="badges">${modesOf(server)}</span></td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

export function controlPlaneOf({
  controlPlane: { inCluster, server, kubeconfig },
}: ServerDefinition): string {
  if (inCluster) return 'this cluster';
  return server ? new URL(server.url).host : `kubeconfig ${kubeconfig?.file.split('/').at(-1) ?? ''}`;
}

export function modesOf({ production, readOnly }: ServerDefinition): readonly Html[] {
  return [
    readOnly ? badge('plain', 'Read-only') : badge('plain', 'Read and write'),
    production ? badge('ok', 'Production') : badge('warning', 'Not in production mode'),
  ];
}

function firstSentence(text: string): string {
  const [first = ''] = text.split(/(?<=[.!?])\s/, 1);
  return first.length > 110 ? `${first.slice(0, 109)}…` : first;
}
