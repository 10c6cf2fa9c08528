/** Longer ones are not looked at: no issuer needs it, and a signature is checked over all of it. */
const maxTokenLength = 16 * 1024;
const form = /^bearer +([A-Za-z0-9\-._~+/]+=*) *$/i;

/** What a request shows: a token, nothing, or what cannot be a token, with a sentence about it. */
export type Shown = { token: string } | { fault: string } | undefined;

/** RFC 6750 section 2.1, and nothing else of it: a token in a URL stands in every log on the way. */
export function shownToken(request: Request): Shown {
  if (new URL(request.url).searchParams.has('access_token'))
    return { fault: 'a token in the URL is not accepted, send it as Authorization: Bearer' };
  const header = request.headers.get('authorization');
  if (header === null) return undefined;
  if (header.length > maxTokenLength)
    return { fault: `the token is longer than ${maxTokenLength} characters` };
  // Of two headers the fetch API makes one with a comma, which no token has.
  const token = form.exec(header)?.[1];
  return token === undefined ? { fault: 'the Authorization header is not "Bearer <token>"' } : { token };
}

/** What a challenge says besides its error (RFC 6750 section 3, RFC 9728 section 5.1). */
export interface Challenge {
  scopes?: readonly string[];
  resourceMetadata?: string | undefined;
}

/** 401 without an error where nothing was shown, as RFC 6750 section 3.1 has it. */
export function unauthorized(challenge: Challenge, description?: string): Response {
  return refused(401, description === undefined ? undefined : 'invalid_token', description, challenge);
}

export function badRequest(challenge: Challenge, description: string): Response {
  return refused(400, 'invalid_request', description, challenge);
}

export function insufficientScope(challenge: Challenge, description: string): Response {
  return refused(403, 'insufficient_scope', description, challenge);
}

/** Nobody could be asked whether the token is right. */
export function undecided(description: string): Response {
  return Response.json(
    { error: 'temporarily_unavailable', error_description: description },
    { status: 503, headers: { 'retry-after': '5', 'cache-control': 'no-store' } },
  );
}

function refused(
  status: number,
  error: string | undefined,
  description: string | undefined,
  { scopes = [], resourceMetadata }: Challenge,
): Response {
  const fields = {
    realm: 'mcp-connector',
    error,
    error_description: description,
    scope: scopes.length > 0 ? scopes.join(' ') : undefined,
    resource_metadata: resourceMetadata,
  };
  const challenge = Object.entries(fields)
    .filter((field): field is [string, string] => field[1] !== undefined)
    .map(([name, value]) => `${name}="${quotable(value)}"`)
    .join(', ');
  return Response.json(
    {
      error: error ?? 'unauthorized',
      error_description: description ?? 'this server needs an Authorization: Bearer token',
    },
    { status, headers: { 'www-authenticate': `Bearer ${challenge}`, 'cache-control': 'no-store' } },
  );
}

/** RFC 6750 section 3: neither quotes nor backslashes, nor what is not visible ASCII. */
function quotable(text: string): string {
  return text.replaceAll(/["\\]/g, "'").replaceAll(/[^\x20-\x7E]/g, '?');
}
