import type { Answer } from '../answers.ts';
import { type Html, html } from '../html.ts';
import { render, type Visit } from '../visit.ts';

export function showCalls(visit: Visit): Answer {
  return {
    page: render(
      visit,
      { title: 'Live calls', section: 'calls', scripts: ['calls.js'] },
      html`<h1>Live calls</h1>
        <p class="lead">
          What agents do now, newest first. The last 200 are kept here; the audit log has all of them.
          Arguments are shown without secrets.
        </p>
        ${callsTable(undefined)}`,
    ),
  };
}

/** Filled by assets/calls.js; of one server where it is named. */
export function callsTable(server: string | undefined): Html {
  return html`<div class="calls" data-server="${server ?? ''}">
    <div class="row">
      <button type="button" class="pause" aria-pressed="false">Pause</button>
      <p class="hint state" role="status" aria-live="polite">Connecting…</p>
    </div>
    <noscript><p class="note warning">Live calls need JavaScript; the audit log has them too.</p></noscript>
    <div class="scroll" role="region" aria-label="Live calls" tabindex="0">
      <table>
        <thead>
          <tr>
            <th scope="col">Time</th>
            <th scope="col">Tool</th>
            ${server === undefined && html`<th scope="col">Server</th>`}
            <th scope="col">Caller</th>
            <th scope="col">Result</th>
            <th scope="col" class="number">Duration</th>
          </tr>
        </thead>
        <tbody>
          <tr class="none">
            <td colspan="${server === undefined ? 6 : 5}">No call yet.</td>
          </tr>
        </tbody>
      </table>
    </div>
  </div>`;
}

export function streamCalls({ streams, request, response, session, url, isSignedIn }: Visit): Answer {
  const server = url.searchParams.get('server') || undefined;
  streams.write({ request, response, session, server }, isSignedIn);
  return 'written';
}
