import { type Html, html } from '../html.ts';
import type { ConnectionTest } from '../wizard/draft.ts';
import type { Check } from '../../../connecting/check.ts';

/** As assets/connection-test.js makes it when the answer comes. */
export function testResult({ checks, time }: ConnectionTest): Html {
  return html`<p class="note ${toneOf(checks)}">
      ${summaryOf(checks)} <span class="sub">Tested at ${time}.</span>
    </p>
    ${checkList(checks)}`;
}

export function checkList(checks: readonly Check[]): Html {
  return html`<ul class="checks">
    ${checks.map(
      ({ subject, state, message, remedy }) =>
        html`<li class="${state}">
          <strong>${subject}</strong> <span class="state">${stateWords[state]}</span>
          <p>${message}.</p>
          ${remedy !== undefined && html`<p class="remedy">${capital(remedy)}.</p>`}
        </li>`,
    )}
  </ul>`;
}

export const stateWords: Record<Check['state'], string> = {
  ok: 'OK',
  warning: 'Warning',
  failed: 'Failed',
  unknown: 'Unknown',
};

export function summaryOf(checks: readonly Check[]): string {
  const failed = checks.filter(({ state }) => state === 'failed').length;
  const warnings = checks.filter(({ state }) => state === 'warning').length;
  if (failed > 0) return 'The connection does not work yet.';
  if (warnings > 0)
    return `The connection works, with ${warnings === 1 ? 'one warning' : `${warnings} warnings`}.`;
  return 'The connection works.';
}

export function toneOf(checks: readonly Check[]): 'ok' | 'warning' | 'failed' {
  if (checks.some(({ state }) => state === 'failed')) return 'failed';
  return checks.some(({ state }) => state === 'warning') ? 'warning' : 'ok';
}

function capital(text: string): string {
  // Commands begin as they are typed.
  return /^(kubectl|mcp-connector)\b/.test(text) ? text : text.charAt(0).toUpperCase() + text.slice(1);
}
