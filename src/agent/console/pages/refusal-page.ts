import { type Html, html } from '../html.ts';
import type { ConsoleRefusal } from '../refusal.ts';
import { type Layout, page } from './layout.ts';

const titles: Record<number, string> = {
  403: 'Refused',
  404: 'Not found',
  409: 'Changed by somebody else',
  429: 'Too many attempts',
  500: 'Something went wrong',
  503: 'Not available',
};

/** One sentence, and the way back. */
export function refusalPage(
  { status, message }: ConsoleRefusal,
  layout: Pick<Layout, 'assetVersion' | 'isExposed'>,
): Html {
  const title = titles[status] ?? 'Refused';
  return page(
    { ...layout, title, section: undefined },
    html`<section class="card narrow">
      <h1>${title}</h1>
      <p>${message}</p>
      <p><a class="button" href="/console/servers">To the servers</a></p>
    </section>`,
  );
}
