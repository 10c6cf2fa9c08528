import type { Answer } from '../answers.ts';
import { type Html, html } from '../html.ts';
import { notFound, render, type Visit } from '../visit.ts';
import { type Draft, type StepId, steps } from '../wizard/draft.ts';
import { type Faults, readStep } from '../wizard/read-step.ts';
import { errorSummary } from './fields.ts';
import { formToken } from './layout.ts';
import { discardForm, pathOf } from './draft-links.ts';
import { reviewOf } from './review-step.ts';
import { callersStep } from './callers-step.ts';
import { controlPlaneStep } from './control-plane-step.ts';
import { behaviourStep, limitsStep, nameStep } from './wizard-steps.ts';

const titles: Record<StepId, string> = {
  name: 'Name and describe the server',
  behaviour: 'How it behaves',
  'control-plane': 'Which control plane',
  callers: 'Who may call',
  limits: 'Limits and log',
  review: 'Review',
};

export function draftOf({ session, params }: Pick<Visit, 'session' | 'params'>): Draft {
  const draft = session.drafts.get(params['id'] ?? '');
  if (!draft) throw notFound('This server that was being set up');
  return draft;
}

export function showStep(visit: Visit): Answer {
  const draft = draftOf(visit);
  const step = stepOf(visit);
  // The review says what will be written, so everything before it has to be right.
  const open = steps.find(({ id }) => id !== 'review' && !draft.done.has(id));
  if (step === 'review' && open) return { redirect: pathOf(draft, open.id) };
  return { page: wizardPage(visit, draft, step, {}) };
}

export function saveStep(visit: Visit): Answer {
  const draft = draftOf(visit);
  const step = stepOf(visit);
  const faults = readStep(step, visit.form, draft);
  if (Object.keys(faults).length > 0) return { page: wizardPage(visit, draft, step, faults), status: 422 };
  const isReviewed = visit.form.get('then') === 'review';
  const next = isReviewed ? 'review' : (steps[steps.findIndex(({ id }) => id === step) + 1]?.id ?? 'review');
  return { redirect: pathOf(draft, next) };
}

export function discardDraft(visit: Visit): Answer {
  const { id, editing } = draftOf(visit);
  visit.session.drafts.delete(id);
  visit.session.flash = { message: 'Nothing was changed.' };
  return { redirect: editing ? `/console/servers/${editing.name}` : '/console/servers' };
}

/** Also for a review that was refused when it was deployed. */
export function wizardPage(visit: Visit, draft: Draft, step: StepId, faults: Faults): Html {
  const { editing } = draft;
  const heading = titles[step];
  return render(
    visit,
    {
      title: `${heading} · ${editing ? `Change ${editing.name}` : 'New server'}`,
      section: editing ? 'servers' : 'catalogue',
      scripts: step === 'control-plane' ? ['connection-test.js'] : [],
    },
    html`<p class="crumb">${editing ? `Change ${editing.name}` : 'New server'}</p>
      <div class="wizard">
        ${progress(draft, step)}
        <div class="step">
          <h1>${heading}</h1>
          ${errorSummary(faults)}
          ${step === 'review' ? reviewOf(visit, draft) : stepForm(visit, draft, step, faults)}
        </div>
      </div>`,
  );
}

function stepForm(visit: Visit, draft: Draft, step: Exclude<StepId, 'review'>, faults: Faults): Html {
  const at = steps.findIndex(({ id }) => id === step);
  const before = steps[at - 1];
  const isComplete = steps.every(({ id }) => id === 'review' || id === step || draft.done.has(id));
  const content = {
    name: nameStep,
    behaviour: behaviourStep,
    'control-plane': controlPlaneStep,
    callers: callersStep,
    limits: limitsStep,
  }[step](visit, draft, faults);
  return html`<form
      method="post"
      action="${pathOf(draft, step)}"
      novalidate
      id="step-form"
      data-draft="${draft.id}"
    >
      ${formToken(visit.session.formToken)} ${content}
      <div class="buttons">
        <button class="primary">${step === 'limits' ? 'Continue to the review' : 'Continue'}</button>
        ${isComplete && step !== 'limits' && html`<button name="then" value="review">Save and review</button>`}
        ${before && html`<a class="button quiet" href="${pathOf(draft, before.id)}">Back</a>`}
      </div>
    </form>
    ${discardForm(visit, draft)}`;
}

function progress(draft: Draft, current: StepId): Html {
  const isComplete = steps.every(({ id }) => id === 'review' || draft.done.has(id));
  return html`<nav aria-label="Steps" class="steps">
    <ol>
      ${steps.map(({ id, label }) => {
        const isDone = draft.done.has(id);
        const state = isDone ? html`<span class="unseen"> (done)</span>` : '';
        const isOpen = id !== 'review' || isComplete;
        return html`<li class="${isDone ? 'done' : ''}">
          ${
            id === current
              ? html`<a href="${pathOf(draft, id)}" aria-current="step">${label}</a>`
              : isOpen
                ? html`<a href="${pathOf(draft, id)}">${label}${state}</a>`
                : html`<span>${label}</span>`
          }
        </li>`;
      })}
    </ol>
  </nav>`;
}

function stepOf({ params }: Visit): StepId {
  const step = steps.find(({ id }) => id === params['step']);
  if (!step) throw notFound('This step');
  return step.id;
}
