import { errors, jwtVerify, type JWTPayload } from 'jose';
import type { Clock } from '../../base/clock.ts';
import { ConnectorError } from '../../base/errors.ts';
import type { Caller } from './caller.ts';
import type { IssuerKeys } from './issuer-keys.ts';
import type { OAuthSettings } from './settings.ts';

const maxGroups = 500;
const maxNameLength = 256;
/** RFC 9068 section 4 and what issuers write in its place; others are tokens for something else (RFC 8725 section 3.11). */
const accessTokenTypes = new Set(['at+jwt', 'application/at+jwt', 'jwt', 'application/jwt']);

/** Why a token does not count: one sentence, which has nothing of the token. */
export class TokenRefused extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'TokenRefused';
  }
}

/**
 * Access tokens of one issuer for one resource. They are read here and go nowhere else: requests to the control plane never carry
 * them (the authorization chapter of the Model Context Protocol forbids it).
 */
export class OAuthTokens {
  readonly #settings: OAuthSettings;
  readonly #keys: IssuerKeys;
  readonly #clock: Clock;

  constructor(settings: OAuthSettings, keys: IssuerKeys, clock: Clock) {
    this.#settings = settings;
    this.#keys = keys;
    this.#clock = clock;
  }

  /** Throws TokenRefused, and ConnectorError `issuer-unreachable` where nobody could be asked for keys. */
  async callerOf(token: string): Promise<Caller> {
    const {
      issuer,
      resource,
      audience = resource,
      algorithms,
      clockToleranceSeconds,
      userClaim,
    } = this.#settings;
    try {
      const { payload, protectedHeader } = await jwtVerify(
        token,
        (header, input) => this.#keys.find(header, input),
        {
          issuer,
          audience,
          algorithms,
          clockTolerance: clockToleranceSeconds,
          currentDate: new Date(this.#clock.now()),
          requiredClaims: ['exp', userClaim],
        },
      );
      const { typ } = protectedHeader;
      if (typ !== undefined && !accessTokenTypes.has(typ.toLowerCase()))
        throw new TokenRefused('the token is not an access token');
      // RFC 7800: without a proof of its key it may be stolen, and no proof is asked for here.
      if (payload['cnf'] !== undefined)
        throw new TokenRefused('the token is bound to a key, which is not supported');
      return this.#callerIn(payload);
    } catch (error) {
      if (error instanceof TokenRefused || error instanceof ConnectorError) throw error;
      throw new TokenRefused(sentenceFor(error), { cause: error });
    }
  }

  #callerIn(claims: JWTPayload): Caller {
    const { userClaim, groupsClaim } = this.#settings;
    const name = claims[userClaim];
    if (typeof name !== 'string' || name === '' || name.length > maxNameLength)
      throw new TokenRefused(`the token has no usable name in "${userClaim}"`);
    // As kube-apiserver: anybody can give an address that is not theirs.
    if (userClaim === 'email' && 'email_verified' in claims && claims['email_verified'] !== true)
      throw new TokenRefused('the email address of the token is not verified');
    const clientId = claims['client_id'] ?? claims['azp'];
    return {
      name,
      groups: groupsClaim === undefined ? [] : groupsIn(claims[groupsClaim], groupsClaim),
      via: 'oauth',
      ...(typeof clientId === 'string' ? { clientId } : {}),
      // `scp` is how some issuers write RFC 9068's `scope`.
      scopes: words(claims['scope'] ?? claims['scp']),
    };
  }
}

function groupsIn(claim: unknown, name: string): string[] {
  const groups = claim === undefined ? [] : [claim].flat();
  if (groups.length > maxGroups || !groups.every((group) => typeof group === 'string'))
    throw new TokenRefused(`the groups of the token in "${name}" are not at most ${maxGroups} texts`);
  return groups;
}

function words(claim: unknown): string[] {
  return [claim]
    .flat()
    .filter((part) => typeof part === 'string')
    .flatMap((part) => part.split(' '))
    .filter((part) => part !== '');
}

function sentenceFor(error: unknown): string {
  if (error instanceof errors.JWTExpired) return 'the token has expired';
  if (error instanceof errors.JWTClaimValidationFailed)
    switch (error.claim) {
      case 'aud':
        return 'the token is for another audience than this server';
      case 'iss':
        return 'the token is of another issuer than the one of this server';
      case 'nbf':
        return 'the token is not valid yet';
      default:
        return `the token has no usable "${error.claim}"`;
    }
  if (error instanceof errors.JOSEAlgNotAllowed)
    return 'the token is signed by an algorithm that is not allowed';
  if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys)
    return 'the token names no key of its issuer';
  return 'the token is not valid';
}
