import { type Html, html } from '../html.ts';
import type { Visit } from '../visit.ts';
import type { Draft, StepId } from '../wizard/draft.ts';
import { formToken } from './layout.ts';

export function pathOf({ id }: Draft, step: StepId): string {
  return `/console/drafts/${id}/${step}`;
}

export function discardForm({ session }: Visit, { id }: Draft): Html {
  return html`<form method="post" action="/console/drafts/${id}/discard" class="discard">
    ${formToken(session.formToken)}<button class="quiet">Discard</button>
  </form>`;
}
