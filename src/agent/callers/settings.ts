import { z } from 'zod';

/** RFC 6749 section 3.3: printable, without a space, a quote or a backslash, since scopes stand in a header's quoted string. */
const scope = z
  .string()
  .regex(
    /^[\x21\x23-\x5B\x5D-\x7E]+$/,
    'has to be a scope: printable, without spaces, quotes and backslashes',
  );

/** What stands in headers, audit lines and metrics: visible ASCII. */
const word = z
  .string()
  .max(100)
  .regex(/^[\x21-\x7E]+$/, 'has to be visible ASCII without spaces');

/** Plain HTTP only to this machine: keys and tokens on the way could be swapped or read otherwise. */
const secureUrl = z
  .url({ protocol: /^https?$/, error: 'has to be an https URL' })
  .refine(
    (text) => !URL.canParse(text) || isSecure(new URL(text)),
    'has to be an https URL; http is for localhost only',
  )
  .refine((text) => !/[?#]/.test(text), 'has to be a URL without query and fragment');

const staticToken = z.strictObject({
  /** The caller's name in audit lines, limits and confirmations. */
  name: word,
  /** Its groups, for impersonation. */
  groups: z.array(word).max(50).default([]),
  /** Has the token, at least 32 characters; read again when it changes, so that a mounted Secret can be rotated. */
  file: z.string().min(1),
});

/** Every one by a public key: a shared one, or none at all, would let whoever verifies also sign. */
const algorithm = z.enum([
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
]);

const oauth = z.strictObject({
  /** As it stands in `iss` of the tokens and in the issuer's own document. */
  issuer: secureUrl,
  /** This server's URL, as its clients have it: the resource (RFC 9728) that tokens have to be for. */
  resource: secureUrl,
  /** `aud` of the tokens, where the issuer cannot put the resource into them. */
  audience: z.string().min(1).optional(),
  /** Where the issuer's keys are; by its discovery document when left out. */
  jwksUri: secureUrl.optional(),
  /** PEM, trusted beside the public authorities for the issuer's certificate. */
  caFile: z.string().min(1).optional(),
  algorithms: z.array(algorithm).min(1).default(['RS256', 'PS256', 'ES256', 'EdDSA']),
  /** Seconds that the clocks of issuer and gateway may differ. */
  clockToleranceSeconds: z.int().min(0).max(300).default(30),
  /** Which scopes a call needs, by what it may do. A call that may do more needs what lesser ones do, too. */
  scopes: z
    .strictObject({
      read: z.array(scope).default(['crossplane:read']),
      create: z.array(scope).default(['crossplane:write']),
      destructive: z.array(scope).default(['crossplane:write']),
    })
    .prefault({}),
  /** Which claim is the caller's name, and which their groups. */
  userClaim: word.default('sub'),
  groupsClaim: word.optional(),
});

/** Exactly one way to know callers. A server over stdio has none: whoever started the process is its caller. */
export const authenticationSettings = z
  .strictObject({
    tokens: z.array(staticToken).min(1).max(1000).optional(),
    oauth: oauth.optional(),
    /** Everybody who reaches the port: on a loopback address only. */
    anonymous: z.literal(true).optional(),
  })
  .refine(
    ({ tokens, oauth: issuer, anonymous }) =>
      [tokens, issuer, anonymous].filter((way) => way !== undefined).length === 1,
    'needs exactly one of "tokens", "oauth" and "anonymous"',
  )
  .refine(
    ({ tokens = [] }) => new Set(tokens.map(({ name }) => name)).size === tokens.length,
    'has two tokens of one name; give each caller its own',
  );

function limit(perMinute: number, burst: number) {
  return z
    .strictObject({
      /** In the long run; 0 means no limit. */
      perMinute: z.int().min(0).max(1_000_000).default(perMinute),
      /** At once, after a pause. */
      burst: z.int().min(1).max(1_000_000).default(burst),
    })
    .prefault({});
}

/** Calls of one caller of one server, in this process; several replicas count each for themselves. */
export const rateLimitSettings = z
  .strictObject({
    read: limit(300, 60),
    create: limit(30, 10),
    destructive: limit(10, 5),
    /** Calls under way at once, of one caller and of all; 0 means no limit. */
    concurrentPerCaller: z.int().min(0).max(10_000).default(10),
    concurrent: z.int().min(0).max(10_000).default(50),
  })
  .prefault({});

/** Ends with a separator, so that no name behind it makes a name of somebody else. */
const prefix = z
  .string()
  .max(100)
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._@/-]*(?::[A-Za-z0-9._@/-]+)*[:/#]$/,
    'has to end with ":", "/" or "#", as in "agent:"',
  )
  .refine(
    (text) => !/^system[:/#]/i.test(text),
    'must not begin with "system:", where Kubernetes has names of its own',
  );

/** The control plane then decides, and logs, by the caller and not by the server's account, which needs the right to impersonate. */
export const impersonationSettings = z.strictObject({
  userPrefix: prefix,
  /** Groups are not sent without one. */
  groupPrefix: prefix.optional(),
});

export type AuthenticationSettings = z.infer<typeof authenticationSettings>;
export type OAuthSettings = z.infer<typeof oauth>;
export type RateLimitSettings = z.infer<typeof rateLimitSettings>;
export type ImpersonationSettings = z.infer<typeof impersonationSettings>;

function isSecure({ protocol, hostname }: URL): boolean {
  return protocol === 'https:' || isLoopbackHost(hostname);
}

/** Of a URL or of an address to listen on; an IPv6 one with or without brackets. */
export function isLoopbackHost(host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, '$1');
  return bare === 'localhost' || bare === '::1' || /^127(?:\.\d{1,3}){3}$/.test(bare);
}
