import { randomBytes } from 'node:crypto';
import type { CredentialStore } from '../definitions-store.ts';
import type { CredentialPaths } from './definition.ts';
import type { Draft } from './draft.ts';

/** 256 bits; the prefix lets scanners of repositories and logs find one that has got there. */
export function newCallerToken(): string {
  return `mcpgw_${randomBytes(32).toString('base64url')}`;
}

/** A key that nothing had before, so that the old credential works until the definition names the new one. */
export function credentialKey(server: string, purpose: 'kubeconfig' | 'token' | 'ca' | 'caller'): string {
  return `${server}.${purpose}.${randomBytes(4).toString('hex')}`;
}

/** Credentials that a draft brings along, where they will be, and what of them is shown once. */
export interface NewCredentials {
  paths: CredentialPaths;
  callerToken: string | undefined;
  write: () => Promise<void>;
  /** After a definition that was not written. */
  undo: () => Promise<void>;
}

export function credentialsOf({ values, secrets, editing }: Draft, store: CredentialStore): NewCredentials {
  const needed: { key: string; value: string }[] = [];
  const place = (purpose: Parameters<typeof credentialKey>[1], value: string): string => {
    const key = credentialKey(values.name, purpose);
    needed.push({ key, value });
    return store.pathOf(key);
  };
  const paths: CredentialPaths = {};
  if (values.way === 'kubeconfig' && secrets.kubeconfig !== undefined)
    paths.kubeconfig = place('kubeconfig', secrets.kubeconfig);
  if (values.way === 'url') {
    if (secrets.token !== undefined) paths.token = place('token', secrets.token);
    if (values.ca !== '') paths.ca = place('ca', `${values.ca}\n`);
  }
  let callerToken: string | undefined;
  if (values.door === 'tokens' && !editing?.complete.authentication?.tokens) {
    callerToken = newCallerToken();
    paths.callerToken = place('caller', callerToken);
  }
  return {
    paths,
    callerToken,
    write: async () => {
      for (const { key, value } of needed) await store.write(key, value);
    },
    undo: async () => {
      await Promise.allSettled(needed.map(({ key }) => store.remove(store.pathOf(key))));
    },
  };
}

/** Every file that definitions name. */
export function filesNamedIn(definition: unknown): Set<string> {
  const files = new Set<string>();
  const visit = (value: unknown, key: string): void => {
    if (typeof value === 'string' && /^(file|tokenFile|caFile)$/.test(key)) files.add(value);
    else if (value !== null && typeof value === 'object')
      for (const [inner, one] of Object.entries(value)) visit(one, Array.isArray(value) ? key : inner);
  };
  visit(definition, '');
  return files;
}
