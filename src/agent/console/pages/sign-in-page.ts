import { type Html, html } from '../html.ts';
import { type Layout, page } from './layout.ts';

export interface SignInFacts extends Pick<Layout, 'assetVersion' | 'isExposed'> {
  /** Where to go on. */
  next: string;
  isWrong?: boolean;
  isSignedOut?: boolean;
}

export function signInPage({ next, isWrong, isSignedOut, ...layout }: SignInFacts): Html {
  return page(
    { ...layout, title: 'Sign in', section: undefined },
    html`<section class="card narrow">
      <h1>Sign in</h1>
      ${isSignedOut && html`<p class="note ok" role="status">You are signed out.</p>`}
      ${
        isWrong &&
        html`<p class="note failed" role="alert" id="wrong">
          That is not the console's password. After five attempts there is a pause.
        </p>`
      }
      <form method="post" action="/console/sign-in">
        <input type="hidden" name="next" value="${next}" />
        <div class="field">
          <label for="password">Administrator password</label>
          <p class="hint" id="password-hint">From the file or Secret that the gateway was started with.</p>
          <input
            type="password"
            id="password"
            name="password"
            autocomplete="current-password"
            required
            maxlength="1024"
            aria-describedby="password-hint${isWrong && ' wrong'}"
            ${isWrong && html`aria-invalid="true"`}
            data-focus
          />
        </div>
        <button class="primary">Sign in</button>
      </form>
    </section>`,
  );
}
