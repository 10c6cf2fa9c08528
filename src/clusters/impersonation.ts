import { ConnectorError } from '../base/errors.ts';
import type { Credential } from './credential.ts';

/** Whom a kubeconfig's user acts as (client-go/tools/clientcmd/api/v1 AuthInfo). */
export interface ImpersonatingUser {
  as?: string;
  'as-uid'?: string;
  'as-groups'?: string[];
  'as-user-extra'?: Record<string, string[]>;
}

/** What a header's name may have (RFC 9110 token), but for the percent sign, which begins an escape. */
const plainKey = /[^A-Za-z0-9!#$&'*+.^_`|~-]/g;

/**
 * As client-go/transport ImpersonatingRoundTripper sends it. Throws ConnectorError where there is no name for the rest, as
 * clientcmd's validation does: without these headers the connector would act with rights that nobody meant it to have.
 */
export function impersonationOf(user: ImpersonatingUser): Credential['impersonation'] {
  const { as, 'as-uid': uid, 'as-groups': groups = [], 'as-user-extra': extra = {} } = user;
  if (!as) {
    if (!uid && groups.length === 0 && Object.keys(extra).length === 0) return undefined;
    throw new ConnectorError(
      'kubeconfig-invalid',
      'the kubeconfig\'s user has as-uid, as-groups or as-user-extra without "as"; add the user\'s name as "as", or leave them out',
    );
  }
  return {
    'impersonate-user': as,
    ...(uid ? { 'impersonate-uid': uid } : {}),
    ...(groups.length > 0 ? { 'impersonate-group': groups } : {}),
    ...Object.fromEntries(
      Object.entries(extra).map(([key, values]) => [`impersonate-extra-${escapedKey(key)}`, values]),
    ),
  };
}

function escapedKey(key: string): string {
  return key.replaceAll(plainKey, (letter) =>
    [...Buffer.from(letter)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  );
}
