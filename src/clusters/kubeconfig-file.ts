import { readFileSync } from 'node:fs';
import path from 'node:path';
import {
  type Cluster,
  type Context,
  newClusters,
  newContexts,
  newUsers,
  type User,
} from '@kubernetes/client-node/dist/config_types.js';
import { load, type YAMLException } from 'js-yaml';
import { redacted } from '../base/redaction.ts';
import type { ImpersonatingUser } from './impersonation.ts';

/** A user with what @kubernetes/client-node leaves out of it. */
export type KubeconfigUser = User & ImpersonatingUser & { tokenFile?: string };

/** One kubeconfig, or several that were merged (client-go/tools/clientcmd/api/v1 Config). */
export interface Kubeconfig {
  clusters: readonly Cluster[];
  contexts: readonly Context[];
  users: readonly KubeconfigUser[];
  currentContext: string | undefined;
}

interface Document {
  clusters?: unknown;
  contexts?: unknown;
  users?: { name?: string; user?: ImpersonatingUser & { tokenFile?: string } }[];
  'current-context'?: string;
}

/**
 * Relative paths are resolved against `folder`. Throws an error that quotes nothing of the text. Of @kubernetes/client-node only the
 * reader of entries is loaded: all of it, with a class for each kind of Kubernetes, costs a process half a second and 85 MB (ADR 0018).
 */
export function parseKubeconfig(text: string, folder?: string): Kubeconfig {
  const document = documentOf(text);
  const absolute = (file: string | undefined): string | undefined =>
    file && folder !== undefined ? path.resolve(folder, file) : file;
  const own = new Map(Array.isArray(document.users) ? document.users.map((one) => [one.name, one.user]) : []);
  return {
    clusters: newClusters(document.clusters).map((cluster) => withFiles(cluster, ['caFile'], absolute)),
    contexts: newContexts(document.contexts),
    users: newUsers(document.users).map((user) => {
      const { tokenFile, as, ...rest } = own.get(user.name) ?? {};
      const acting = Object.fromEntries(
        actingFields.flatMap((field) => (rest[field] === undefined ? [] : [[field, rest[field]]])),
      );
      const whole = { ...user, ...acting, ...(as ? { as } : {}), ...(tokenFile ? { tokenFile } : {}) };
      return withFiles(whole, ['certFile', 'keyFile', 'tokenFile'], absolute);
    }),
    currentContext: document['current-context'],
  };
}

const actingFields = ['as-uid', 'as-groups', 'as-user-extra'] as const;

/** Of several files the first that has an entry counts (client-go/tools/clientcmd/loader.go ClientConfigLoadingRules.Load). */
export function mergeKubeconfigs(all: readonly Kubeconfig[]): Kubeconfig {
  return {
    clusters: firstOfEach(all.flatMap(({ clusters }) => clusters)),
    contexts: firstOfEach(all.flatMap(({ contexts }) => contexts)),
    users: firstOfEach(all.flatMap(({ users }) => users)),
    currentContext: all.find(({ currentContext }) => currentContext)?.currentContext,
  };
}

/** Throws as readFileSync does, and as parseKubeconfig. */
export function readKubeconfig(file: string): Kubeconfig {
  return parseKubeconfig(readFileSync(file, 'utf8'), path.dirname(file));
}

function documentOf(text: string): Document {
  let document: unknown;
  try {
    document = load(text);
  } catch (cause) {
    // js-yaml shows the lines around a fault, and credentials stand in them.
    const { reason, mark, message } = cause as Partial<YAMLException> & Error;
    // oxlint-disable-next-line preserve-caught-error
    throw new Error(reason === undefined ? redacted(message) : `${reason} in line ${(mark?.line ?? 0) + 1}`);
  }
  return typeof document === 'object' && document !== null ? document : {};
}

function withFiles<T extends object>(
  entry: T,
  fields: readonly (keyof T)[],
  absolute: (file: string | undefined) => string | undefined,
): T {
  const resolved = fields.flatMap((field) => {
    const file = entry[field];
    return typeof file === 'string' ? [[field, absolute(file)] as const] : [];
  });
  return { ...entry, ...Object.fromEntries(resolved) };
}

function firstOfEach<T extends { name: string }>(entries: readonly T[]): T[] {
  return [...new Map(entries.toReversed().map((entry) => [entry.name, entry])).values()].toReversed();
}
