import { toolsetLabels } from '../catalogue.ts';
import { type Html, html, type Printable } from '../html.ts';
import { serverUrl, type Visit } from '../visit.ts';
import type { Draft, StepId } from '../wizard/draft.ts';
import { formToken } from './layout.ts';
import { summaryOf, toneOf } from './test-result.ts';
import { discardForm, pathOf } from './draft-links.ts';

/** Everything that will be written, with the way back to each part. */
export function reviewOf(visit: Visit, draft: Draft): Html {
  const { values, editing, test } = draft;
  const labels = toolsetLabels.filter(({ id }) => values.toolsets.includes(id)).map(({ label }) => label);
  const part = (step: StepId, title: string, facts: readonly [string, Printable][]): Html =>
    html`<section class="part" aria-labelledby="part-${step}">
      <div class="headline">
        <h2 id="part-${step}">${title}</h2>
        <a href="${pathOf(draft, step)}">Change<span class="unseen"> ${title}</span></a>
      </div>
      <dl class="facts">
        ${facts.map(
          ([name, value]) =>
            html`<div>
              <dt>${name}</dt>
              <dd>${value}</dd>
            </div>`,
        )}
      </dl>
    </section>`;
  return html`${part('name', 'Name', [
      ['Address', html`<code>${serverUrl(visit, values.name)}</code>`],
      ['Description', values.description],
    ])}
    ${part('behaviour', 'Behaviour', [
      ['Time-out', `${values.timeoutSeconds} seconds`],
      ['Production mode', values.production ? 'on' : 'off'],
      ['Writes', values.readOnly ? 'never' : 'yes; destructive ones after a confirmation'],
      [
        'Confirmed by',
        values.confirmation === 'person' ? 'a person only' : 'a person, or the agent where it cannot ask one',
      ],
      ['Tools', labels.join(', ')],
      ['Style', values.style],
      ['Registries', values.registries.join(' ') || 'every one'],
    ])}
    ${part('control-plane', 'Control plane', [
      ['Reached by', wayOf(draft)],
      [
        'Connection',
        test
          ? html`<span class="${toneOf(test.checks)}-text">${summaryOf(test.checks)}</span>`
          : 'not tested as it stands',
      ],
      ...(values.clusterId === ''
        ? []
        : ([['Claims of', `${values.clusterId}, in ${values.claimNamespace}`]] as [string, string][])),
    ])}
    ${part('callers', 'Callers', [
      ['Known by', doorOf(draft)],
      [
        'On the control plane',
        values.impersonationPrefix === ''
          ? "the server's own account"
          : `as ${values.impersonationPrefix}<caller>`,
      ],
    ])}
    ${part('limits', 'Limits and log', [
      ['Reads', perMinute(values.readsPerMinute)],
      ['Creates', perMinute(values.createsPerMinute)],
      ['Changes and deletions', perMinute(values.destructivePerMinute)],
      [
        'Audit log',
        values.log === 'none' ? 'none' : values.log === 'stdout' ? 'standard output' : values.logPath,
      ],
    ])}
    <p class="hint">
      Written to <code>${visit.options.definitions.place}</code>; tokens and kubeconfigs to
      <code>${visit.options.credentials.place}</code>. It takes effect without a restart.
    </p>
    <form method="post" action="/console/drafts/${draft.id}/deploy">
      ${formToken(visit.session.formToken)}
      <div class="buttons">
        <button class="primary">${editing ? 'Save the changes' : 'Deploy the server'}</button>
        <a class="button quiet" href="${pathOf(draft, 'limits')}">Back</a>
      </div>
    </form>
    ${discardForm(visit, draft)}`;
}

function wayOf({ values, secrets }: Draft): Printable {
  if (values.way === 'in-cluster') return 'the cluster that the gateway runs in';
  if (values.way === 'url') return html`<code>${values.url}</code>, with a bearer token`;
  return secrets.kubeconfig === undefined ? 'the kubeconfig that is stored' : 'the kubeconfig that was given';
}

function doorOf({ values, editing }: Draft): Printable {
  if (values.door === 'oauth') return html`OAuth, issuer <code>${values.issuer}</code>`;
  if (values.door === 'anonymous') return 'nothing: everybody is let in';
  const tokens = editing?.complete.authentication?.tokens;
  if (tokens) return `bearer tokens: ${tokens.map(({ name }) => name).join(', ')}`;
  return `a bearer token for ${values.caller}, shown once after this`;
}

function perMinute(calls: number): string {
  return calls === 0 ? 'no limit' : `${calls.toLocaleString('en')} a minute`;
}
