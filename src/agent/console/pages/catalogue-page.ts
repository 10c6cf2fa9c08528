import type { Answer } from '../answers.ts';
import { catalogue, type CatalogueEntry, searchCatalogue, toolsetLabels } from '../catalogue.ts';
import { type Html, html } from '../html.ts';
import { notFound, render, type Visit } from '../visit.ts';
import { keepDraft, newDraft } from '../wizard/draft.ts';
import { formToken } from './layout.ts';

export function showCatalogue(visit: Visit): Answer {
  const search = (visit.url.searchParams.get('q') ?? '').slice(0, 100);
  const found = searchCatalogue(search);
  const said = found.length === 0 ? 'Nothing' : found.length === 1 ? 'One entry' : `${found.length} entries`;
  return {
    page: render(
      visit,
      { title: 'Catalogue', section: 'catalogue' },
      html`<h1>Catalogue</h1>
        <p class="lead">
          What agents can be given. Every choice can be changed in the next steps, and later.
        </p>
        <form class="search" method="get" action="/console/catalogue" role="search">
          <label for="q">Search the catalogue</label>
          <div class="row">
            <input type="search" id="q" name="q" value="${search}" autocomplete="off" maxlength="100" />
            <button>Search</button>
          </div>
        </form>
        <p role="status" class="hint">${said}${search !== '' && html` for “${search}”`}</p>
        <ul class="cards">
          ${found.map((entry) => html`<li>${card(entry, visit.session.formToken)}</li>`)}
        </ul>`,
    ),
  };
}

function card({ id, title, description, toolsets, readOnly }: CatalogueEntry, token: string): Html {
  const labels = toolsetLabels.filter((one) => toolsets.includes(one.id)).map(({ label }) => label);
  return html`<section class="card" aria-labelledby="entry-${id}">
    <h2 id="entry-${id}">${title}</h2>
    <p>${description}</p>
    <dl class="facts">
      <dt>Tools for</dt>
      <dd>${labels.join(', ')}</dd>
      <dt>Writes</dt>
      <dd>${readOnly ? 'never' : 'yes, destructive ones with a confirmation'}</dd>
    </dl>
    <form method="post" action="/console/drafts">
      ${formToken(token)}<input type="hidden" name="entry" value="${id}" />
      <button class="primary" aria-describedby="entry-${id}">Set up</button>
    </form>
  </section>`;
}

export function startDraft({ form, session }: Visit): Answer {
  const entry = catalogue.find(({ id }) => id === form.get('entry'));
  if (!entry) throw notFound('This entry of the catalogue');
  const draft = newDraft(entry);
  keepDraft(session.drafts, draft);
  return { redirect: `/console/drafts/${draft.id}/name` };
}
