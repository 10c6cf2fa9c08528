import { type Html, html, type Printable } from '../html.ts';
import type { Flash } from '../sign-in/sessions.ts';

export type Section = 'servers' | 'catalogue' | 'calls' | 'status';

export interface Layout {
  title: string;
  /** Of the navigation; undefined where nobody has signed in. */
  section: Section | undefined;
  /** Of the session's forms. */
  formToken?: string;
  /** Stylesheets and scripts carry it, so that a new version is never mixed with a cached old one. */
  assetVersion: string;
  /** Besides those of every page. */
  scripts?: readonly string[];
  flash?: Flash | undefined;
  /** Passwords and tokens can be read on the way. */
  isExposed?: boolean;
}

const sections: readonly { id: Section; label: string }[] = [
  { id: 'servers', label: 'Servers' },
  { id: 'catalogue', label: 'Catalogue' },
  { id: 'calls', label: 'Live calls' },
  { id: 'status', label: 'Status' },
];

/** A whole page: skip link, navigation, one `main` with one `h1`. */
export function page(layout: Layout, content: Printable): Html {
  const { title, section, assetVersion, scripts = [], flash } = layout;
  const asset = (name: string): string => `/console/assets/${name}?v=${assetVersion}`;
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title} · Agent gateway</title>
        <link rel="icon" href="${asset('icon.svg')}" type="image/svg+xml" />
        <link rel="stylesheet" href="${asset('console.css')}" />
        <script src="${asset('theme.js')}"></script>
        <script type="module" src="${asset('page.js')}"></script>
        ${scripts.map((name) => html`<script type="module" src="${asset(name)}"></script>`)}
      </head>
      <body class="${section ? 'inside' : 'outside'}">
        <a class="skip" href="#content">Skip to content</a>
        <header class="top">
          <a class="brand" href="/console/servers">${mark}<span>Agent gateway</span></a>
          ${section && navigation(section)}
          <div class="tools">
            <button type="button" class="quiet" id="theme" hidden aria-describedby="theme-hint">
              Theme: <span id="theme-name">system</span>
            </button>
            <span id="theme-hint" class="unseen">Changes between system, light and dark</span>
            ${
              section &&
              html`<form method="post" action="/console/sign-out">
                ${formToken(layout.formToken)}<button class="quiet">Sign out</button>
              </form>`
            }
          </div>
        </header>
        <main id="content" tabindex="-1">
          ${
            layout.isExposed &&
            html`<p class="note warning">
              <strong>This connection is not encrypted.</strong> Whoever is on the way can read what you type.
              Use it through <code>kubectl port-forward</code> or an address with TLS.
            </p>`
          }
          ${flash && html`<p class="note ok" role="status" tabindex="-1" data-focus>${flash.message}</p>`}
          ${content}
        </main>
        <div id="live" class="unseen" role="status" aria-live="polite"></div>
      </body>
    </html>`;
}

/** Goes with every form that changes something. */
export function formToken(token: string | undefined): Html {
  return html`<input type="hidden" name="form-token" value="${token ?? ''}" />`;
}

/** Words for a machine's state, with a shape beside the colour. */
export function badge(kind: 'ok' | 'warning' | 'failed' | 'unknown' | 'plain', text: string): Html {
  return html`<span class="badge ${kind}">${text}</span>`;
}

function navigation(current: Section): Html {
  return html`<nav aria-label="Console">
    <ul>
      ${sections.map(
        ({ id, label }) =>
          html`<li>
            <a href="/console/${id}" ${id === current && html`aria-current="page"`}>${label}</a>
          </li>`,
      )}
    </ul>
  </nav>`;
}

const mark = html`<svg
  class="mark"
  viewBox="0 0 24 24"
  width="24"
  height="24"
  aria-hidden="true"
  focusable="false"
>
  <path
    d="M4 7.5 12 3l8 4.5v9L12 21l-8-4.5z"
    fill="none"
    stroke="currentColor"
    stroke-width="1.75"
    stroke-linejoin="round"
  />
  <circle cx="12" cy="12" r="2.75" fill="currentColor" />
  <path
    d="M12 3v6.25M4.2 16.4l5.4-3M19.8 16.4l-5.4-3"
    fill="none"
    stroke="currentColor"
    stroke-width="1.75"
  />
</svg>`;
