import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Answer } from './answers.ts';
import type { Assets } from './assets.ts';
import type { CallStreams } from './calls/call-stream.ts';
import type { ConsoleOptions } from './console-options.ts';
import { DefinitionsText } from './definitions-text.ts';
import type { Html, Printable } from './html.ts';
import { type Layout, page } from './pages/layout.ts';
import { ConsoleRefusal } from './refusal.ts';
import type { Session } from './sign-in/sessions.ts';

/** What all visits share. */
export interface ConsoleParts {
  options: ConsoleOptions;
  assets: Assets;
  streams: CallStreams;
}

/** One request of somebody who has signed in. */
export interface Visit extends ConsoleParts {
  request: IncomingMessage;
  response: ServerResponse;
  url: URL;
  /** Where the browser thinks it is. */
  origin: URL;
  session: Session;
  /** Whether the session is still there, without taking this question for a sign of life. */
  isSignedIn: () => boolean;
  /** What `:name` stands for in the route. */
  params: Readonly<Record<string, string>>;
  /** Of a POST; empty otherwise. */
  form: URLSearchParams;
}

export type Handler = (visit: Visit) => Answer | Promise<Answer>;

/** A page with what is to be said once; that is forgotten now. */
export function render(
  visit: Visit,
  layout: Pick<Layout, 'title' | 'section' | 'scripts'>,
  content: Printable,
): Html {
  const { session, assets, origin, params } = visit;
  const { token } = session.flash ?? {};
  // A page of another tab must not take the one showing of a token.
  const isMeant = token === undefined || token.server === params['name'];
  const flash = isMeant ? session.flash : undefined;
  if (isMeant) session.flash = undefined;
  return page(
    {
      ...layout,
      flash,
      formToken: session.formToken,
      assetVersion: assets.version,
      isExposed: isExposed(origin),
    },
    content,
  );
}

/** Whether what is typed can be read on the way. */
export function isExposed({ protocol, hostname }: URL): boolean {
  return protocol !== 'https:' && !/^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}

/** Where agents find the gateway, without a slash at its end. */
export function gatewayUrl({ options: { publicUrl }, origin }: Pick<Visit, 'options' | 'origin'>): string {
  return (publicUrl ?? origin).href.replace(/\/+$/, '');
}

/** Where they find one server. */
export function serverUrl(visit: Pick<Visit, 'options' | 'origin'>, name: string): string {
  return `${gatewayUrl(visit)}/mcp/${name}`;
}

/** The definitions as they are now, for looking and for changing. Throws ConnectorError. */
export async function readDefinitionsText({ options: { definitions } }: ConsoleParts): Promise<{
  text: DefinitionsText;
  version: string;
  stored: string;
}> {
  const { text: stored, version } = await definitions.read();
  return { text: new DefinitionsText(stored), version, stored };
}

export function notFound(what: string): ConsoleRefusal {
  return new ConsoleRefusal(404, `${what} does not exist, or does not any more.`);
}
