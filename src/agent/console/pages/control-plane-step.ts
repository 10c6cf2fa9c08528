import { type Html, html } from '../html.ts';
import type { Visit } from '../visit.ts';
import type { Draft, Way } from '../wizard/draft.ts';
import { type Faults, storedSecret } from '../wizard/read-step.ts';
import { radios, textArea, textField } from './fields.ts';
import { testResult } from './test-result.ts';

export function controlPlaneStep(_visit: Visit, draft: Draft, errors: Faults): Html {
  const { values, secrets } = draft;
  const given = (is: boolean, way: Way): string | undefined =>
    is
      ? 'One was given. Leave this empty to use it.'
      : storedSecret(draft, way, values.url)
        ? 'One is stored. Leave this empty to keep it.'
        : undefined;
  return html`${radios({
      name: 'way',
      label: 'How the gateway reaches it',
      value: values.way,
      errors,
      choices: [
        {
          value: 'kubeconfig',
          label: 'Kubeconfig',
          more: textArea({
            name: 'kubeconfig',
            label: 'Kubeconfig',
            hint: html`Of a service account made for this, with everything in it:
              <code>kubectl config view --raw --minify --flatten</code>.
              ${given(secrets.kubeconfig !== undefined, 'kubeconfig')}`,
            value: '',
            rows: 7,
            mono: true,
            errors,
          }),
        },
        {
          value: 'url',
          label: 'Base URL and bearer token',
          more: html`${textField({
            name: 'url',
            label: 'Base URL',
            hint: 'Of the API server, with a path where it has one.',
            value: values.url,
            type: 'url',
            mono: true,
            errors,
          })}
          ${textField({
            name: 'token',
            label: 'Bearer token',
            hint: given(secrets.token !== undefined, 'url') ?? 'Sent as Authorization: Bearer.',
            value: '',
            type: 'password',
            autocomplete: 'new-password',
            errors,
          })}
          ${textArea({
            name: 'ca',
            label: 'Certificate authority (optional)',
            hint: 'PEM. Without it the public authorities count.',
            value: values.ca,
            rows: 4,
            mono: true,
            errors,
          })}`,
        },
        {
          value: 'in-cluster',
          label: 'The cluster that the gateway runs in',
          hint: 'As its own service account, where Crossplane runs in the same cluster.',
        },
      ],
    })}
    <details class="field" ${(values.clusterId !== '' || errors['cluster-id']) && html`open`}>
      <summary>Claims of one app cluster</summary>
      <p class="hint">
        With both, claims appear under the names that they have in an app cluster with MCP Connector (<code
          >mcp-connector status</code
        >
        prints them).
      </p>
      ${textField({ name: 'cluster-id', label: 'Cluster ID', value: values.clusterId, mono: true, errors })}
      ${textField({ name: 'claim-namespace', label: 'Claim namespace', value: values.claimNamespace, mono: true, errors })}
    </details>
    <section class="test" aria-labelledby="test-title">
      <h2 id="test-title">Connection test</h2>
      <p class="hint" id="test-hint">
        Looks at the control plane as the gateway would use it, and changes nothing there.
      </p>
      <button type="button" id="test" aria-describedby="test-hint">Test the connection</button>
      <div id="test-result" role="status" aria-live="polite">${draft.test && testResult(draft.test)}</div>
    </section>`;
}
