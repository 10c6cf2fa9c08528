import type { IncomingMessage, ServerResponse } from 'node:http';
import { systemClock } from '../../base/clock.ts';
import { ConnectorError, describeError } from '../../base/errors.ts';
import { type Answer, send } from './answers.ts';
import { Assets } from './assets.ts';
import { CallStreams } from './calls/call-stream.ts';
import type { ConsoleOptions } from './console-options.ts';
import { DefinitionsConflict } from './definitions-store.ts';
import { readForm } from './form-body.ts';
import { refusalPage } from './pages/refusal-page.ts';
import { signInPage } from './pages/sign-in-page.ts';
import { ConsoleRefusal } from './refusal.ts';
import { findRoute } from './routes.ts';
import { setSecurityHeaders } from './security-headers.ts';
import { expiredCookie, sessionCookie, sessionIdOf } from './sign-in/cookie.ts';
import { isFromConsole, nextPath, originOf } from './sign-in/origin.ts';
import { readPassword } from './sign-in/password-file.ts';
import { isSameSecret, type Session, Sessions } from './sign-in/sessions.ts';
import { SignIn } from './sign-in/sign-in.ts';
import { type ConsoleParts, isExposed } from './visit.ts';

export interface Console {
  /** False for a path that is not the console's: nothing was answered then. Never throws. */
  handle(request: IncomingMessage, response: ServerResponse): Promise<boolean>;
}

/** The console below `/console`. Throws ConnectorError where its password cannot be used: it does not start without one. */
export async function createConsole(options: ConsoleOptions): Promise<Console> {
  const clock = options.clock ?? systemClock;
  const password = (): Promise<string> => readPassword(options.passwordFile);
  await password();
  const sessions = new Sessions(clock, options.sessionLimits);
  const parts = { options, assets: new Assets(), streams: new CallStreams(options.calls) };
  const door = new Door(parts, sessions, new SignIn({ password, sessions, clock }));
  return {
    async handle(request, response) {
      // The target of a request is whatever somebody sends: `//` is none of ours.
      const pathname = URL.parse(request.url ?? '/', 'http://console')?.pathname ?? '';
      if (pathname !== '/console' && !pathname.startsWith('/console/')) return false;
      await door.answer(request, response);
      return true;
    },
  };
}

/** One request, from the headers that every answer has to the handler of its route. */
class Door {
  readonly #parts: ConsoleParts;
  readonly #sessions: Sessions;
  readonly #signIn: SignIn;

  constructor(parts: ConsoleParts, sessions: Sessions, signIn: SignIn) {
    this.#parts = parts;
    this.#sessions = sessions;
    this.#signIn = signIn;
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const origin = originOf(request, this.#parts.options.publicUrl);
    setSecurityHeaders(response, origin.protocol === 'https:');
    const isHead = request.method === 'HEAD';
    try {
      send(response, await this.#route(request, response, origin), isHead);
    } catch (error) {
      if (response.headersSent) return void response.destroy();
      send(response, this.#refused(error, request, origin), isHead);
    }
    // The rest of a body that was not read would be taken for the next request.
    if (!request.complete) response.shouldKeepAlive = false;
  }

  async #route(request: IncomingMessage, response: ServerResponse, origin: URL): Promise<Answer> {
    const url = new URL(request.url ?? '/', origin);
    const path = url.pathname.replace(/^\/console\/?/, '');
    const isChange = request.method !== 'GET' && request.method !== 'HEAD';
    if (path === '' && !isChange) return { redirect: '/console/servers' };
    if (path.startsWith('assets/') && !isChange) {
      if (!this.#parts.assets.send(path.slice('assets/'.length), response, request.method === 'HEAD'))
        throw new ConsoleRefusal(404, 'There is no such file.');
      return 'written';
    }
    // Before anything is read: a page of somebody else has nothing to send here.
    if (isChange && !isFromConsole(request, origin))
      throw new ConsoleRefusal(
        403,
        'This request did not come from a page of the console, so nothing was done.',
      );
    if (path === 'sign-in') return await this.#answerSignIn(request, url, origin);

    const isEncrypted = origin.protocol === 'https:';
    const id = sessionIdOf(request, isEncrypted);
    const fingerprint = await this.#signIn.fingerprint();
    // A stream is opened again by the browser itself, and is no sign of a person.
    const session = this.#sessions.find(id, fingerprint, path !== 'calls/stream');
    if (!session) return this.#signInFirst(request, url);
    const found = findRoute(request.method ?? 'GET', path);
    const form = isChange ? await readForm(request) : new URLSearchParams();
    if (isChange) checkFormToken(form, session);
    if (path === 'sign-out' && isChange) {
      this.#sessions.end(id);
      return {
        redirect: '/console/sign-in?signed-out=yes',
        headers: { 'Set-Cookie': expiredCookie(isEncrypted), 'Clear-Site-Data': '"cache"' },
      };
    }
    if (!found) throw new ConsoleRefusal(404, 'There is no such page.');
    if ('allowed' in found) {
      response.setHeader('Allow', found.allowed.join(', '));
      throw new ConsoleRefusal(405, 'This page cannot be used that way.');
    }
    return await found.handler({
      ...this.#parts,
      request,
      response,
      url,
      origin,
      session,
      isSignedIn: () => this.#sessions.find(id, fingerprint, false) !== undefined,
      params: found.params,
      form,
    });
  }

  async #answerSignIn(request: IncomingMessage, url: URL, origin: URL): Promise<Answer> {
    const isEncrypted = origin.protocol === 'https:';
    const facts = { assetVersion: this.#parts.assets.version, isExposed: isExposed(origin) };
    if (request.method === 'GET' || request.method === 'HEAD') {
      const isSignedOut = url.searchParams.has('signed-out');
      return { page: signInPage({ ...facts, next: nextPath(url.searchParams.get('next')), isSignedOut }) };
    }
    const form = await readForm(request);
    const next = nextPath(form.get('next'));
    const id = await this.#signIn.try(request, form.get('password') ?? '');
    const { log } = this.#parts.options;
    const address = request.socket.remoteAddress;
    if (id === undefined) {
      log.warn({ address }, 'console: a sign-in was refused');
      return { page: signInPage({ ...facts, next, isWrong: true }), status: 401 };
    }
    log.info({ address }, 'console: signed in');
    // Whatever session this browser had is over.
    this.#sessions.end(sessionIdOf(request, isEncrypted));
    return { redirect: next, headers: { 'Set-Cookie': sessionCookie(id, isEncrypted) } };
  }

  #signInFirst(request: IncomingMessage, url: URL): Answer {
    if (wantsJson(request)) return { json: { error: 'You are signed out. Sign in again.' }, status: 401 };
    if (request.method !== 'GET') return { redirect: '/console/sign-in' };
    return {
      redirect: `/console/sign-in?${new URLSearchParams({ next: `${url.pathname}${url.search}` }).toString()}`,
    };
  }

  #refused(error: unknown, request: IncomingMessage, origin: URL): Answer {
    const { log } = this.#parts.options;
    let refusal: ConsoleRefusal;
    if (error instanceof ConsoleRefusal) refusal = error;
    else if (error instanceof DefinitionsConflict)
      refusal = new ConsoleRefusal(
        409,
        `${error.message}. Nothing was written: look at it again, and repeat the change.`,
      );
    else if (error instanceof ConnectorError) {
      log.warn({ err: error }, 'console: a page could not be made');
      refusal = new ConsoleRefusal(503, describeError(error));
    } else {
      log.error({ err: error }, 'console: a page failed');
      refusal = new ConsoleRefusal(500, 'Something went wrong in the gateway. Its log says more.');
    }
    if (wantsJson(request)) return { json: { error: refusal.message }, status: refusal.status };
    const headers =
      refusal.retryAfterSeconds === undefined ? {} : { 'Retry-After': String(refusal.retryAfterSeconds) };
    return {
      page: refusalPage(refusal, { assetVersion: this.#parts.assets.version, isExposed: isExposed(origin) }),
      status: refusal.status,
      headers,
    };
  }
}

function checkFormToken(form: URLSearchParams, session: Session): void {
  if (!isSameSecret(form.get('form-token') ?? '', session.formToken))
    throw new ConsoleRefusal(
      403,
      'This form is of another sign-in, so nothing was done. Load the page again.',
    );
}

function wantsJson(request: IncomingMessage): boolean {
  return /^application\/json|^text\/event-stream/.test(request.headers.accept ?? '');
}
