import { type Clock, systemClock } from '../../base/clock.ts';
import { ConnectorError, describeError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { Effect } from '../tools/tool.ts';
import {
  badRequest,
  type Challenge,
  insufficientScope,
  shownToken,
  unauthorized,
  undecided,
} from './bearer.ts';
import type { Caller, CallerGate } from './caller.ts';
import { impersonationHeaders } from './impersonation.ts';
import { IssuerKeys } from './issuer-keys.ts';
import { OAuthTokens, TokenRefused } from './oauth-tokens.ts';
import {
  type AuthenticationSettings,
  type ImpersonationSettings,
  isLoopbackHost,
  type OAuthSettings,
} from './settings.ts';
import { StaticTokens } from './static-tokens.ts';

export interface GateOptions {
  /** The server's name, as in /mcp/<server>. */
  server: string;
  authentication: AuthenticationSettings;
  impersonation?: ImpersonationSettings | undefined;
  production: boolean;
  /** The host that the gateway listens on. */
  host: string;
  /** Of the way to an issuer; HTTPS_PROXY counts. */
  environmentProxy?: boolean;
  log: Logger;
  clock?: Clock;
}

/** What one way to know callers has of its own. */
interface Door {
  callerOf(token: string): Promise<Caller | undefined>;
  challenge(effects: readonly Effect[]): Challenge;
  metadata?: object;
  close?: () => void;
}

/** Throws ConnectorError with one sentence where the settings cannot work here. */
export async function openGate(options: GateOptions): Promise<CallerGate> {
  const { authentication, impersonation, server } = options;
  if (authentication.anonymous) {
    refuseAnonymous(options);
    return {
      admit: async () => anonymous,
      refusal: () => undefined,
      resourceMetadata: () => undefined,
      headersFor: () => ({}),
      close: () => {},
    };
  }
  const door = authentication.oauth
    ? oauthDoor(authentication.oauth, options)
    : await staticDoor(authentication.tokens ?? [], options);
  const log = options.log.child({ server });
  return {
    admit: (request) => admit(request, door, log),
    refusal: ({ scopes, via }, effect) => {
      if (via !== 'oauth') return undefined;
      const challenge = door.challenge(upTo(effect));
      const needed = challenge.scopes ?? [];
      if (needed.every((scope) => scopes.includes(scope))) return undefined;
      return insufficientScope(challenge, `this call needs the scopes ${needed.join(' ')}`);
    },
    resourceMetadata: () => door.metadata,
    headersFor: (caller) => (impersonation ? impersonationHeaders(impersonation, caller) : {}),
    close: () => door.close?.(),
  };
}

const anonymous: Caller = { name: 'anonymous', groups: [], via: 'anonymous', scopes: [] };
/** From the least that a call may do. */
const effects: readonly Effect[] = ['read', 'create', 'destructive'];

/** What may do more may do what may do less: its scopes are asked for, too. */
function upTo(effect: Effect): readonly Effect[] {
  return effects.slice(0, effects.indexOf(effect) + 1);
}

function refuseAnonymous({ server, host, production, impersonation }: GateOptions): void {
  const invalid = (sentence: string): ConnectorError =>
    new ConnectorError('agent-authentication-refused', `server "${server}": ${sentence}`);
  if (!isLoopbackHost(host))
    throw invalid(
      `anonymous callers are for loopback addresses and stdio; listen on 127.0.0.1 in place of ${host}, or set authentication.tokens or authentication.oauth`,
    );
  if (production)
    throw invalid(
      'production mode needs to know its callers; set authentication.tokens or authentication.oauth',
    );
  if (impersonation)
    throw invalid(
      'there is nobody to impersonate; set authentication.tokens or authentication.oauth, or leave impersonation out',
    );
}

async function staticDoor(
  tokens: NonNullable<AuthenticationSettings['tokens']>,
  { clock = systemClock, log }: GateOptions,
): Promise<Door> {
  const known = await StaticTokens.open(tokens, { clock, log });
  return {
    callerOf: (token) => known.callerOf(token),
    challenge: () => ({}),
    close: () => known.close(),
  };
}

function oauthDoor(
  settings: OAuthSettings,
  { server, clock = systemClock, environmentProxy = true }: GateOptions,
): Door {
  const { issuer, resource, scopes } = settings;
  const { origin, pathname } = new URL(resource);
  const path = pathname.replace(/\/+$/, '');
  if (!path.endsWith(`/mcp/${server}`))
    throw new ConnectorError(
      'agent-authentication-refused',
      `server "${server}": authentication.oauth.resource is the server's own URL, so it has to end with /mcp/${server}`,
    );
  const keys = new IssuerKeys({ settings, environmentProxy, clock });
  const tokens = new OAuthTokens(settings, keys, clock);
  const scopesOf = (wanted: readonly Effect[]): string[] => [
    ...new Set(wanted.flatMap((effect) => scopes[effect])),
  ];
  return {
    callerOf: (token) => tokens.callerOf(token),
    challenge: (wanted) => ({
      scopes: scopesOf(wanted),
      resourceMetadata: `${origin}/.well-known/oauth-protected-resource${path}`,
    }),
    metadata: {
      resource,
      authorization_servers: [issuer],
      scopes_supported: scopesOf(effects),
      bearer_methods_supported: ['header'],
    },
  };
}

async function admit(request: Request, door: Door, log: Logger): Promise<Caller | Response> {
  const challenge = door.challenge(['read']);
  const shown = shownToken(request);
  if (shown === undefined) return unauthorized(challenge);
  if ('fault' in shown) return badRequest(challenge, shown.fault);
  try {
    const caller = await door.callerOf(shown.token);
    return caller ?? unauthorized(challenge, 'the token is not known');
  } catch (error) {
    if (error instanceof TokenRefused) {
      // Anybody can have this written: what is counted is enough.
      log.debug({ reason: error.message }, 'a token was refused');
      return unauthorized(challenge, error.message);
    }
    if (!(error instanceof ConnectorError)) throw error;
    log.error({ reason: describeError(error) }, 'a token could not be checked');
    return undecided("the issuer's keys cannot be had at the moment");
  }
}
