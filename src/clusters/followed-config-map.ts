import type { ConfigMap } from '../apimachinery/objects.ts';
import type { Clock } from '../base/clock.ts';
import { describeError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { configMapPath } from './api-paths.ts';
import { Informer } from './informer.ts';
import type { KubeClient } from './kube-client.ts';

export interface FollowedConfigMapOptions {
  client: KubeClient;
  namespace: string;
  name: string;
  /** In words, for the log: `the state object`. */
  what: string;
  log: Logger;
  clock?: Clock | undefined;
  /** What is kept of it; all of it when left out. */
  keep?: (data: ConfigMap['data']) => ConfigMap['data'];
  /** Undefined where it does not exist. */
  onChange: (map: ConfigMap | undefined) => void;
}

/** An informer of one ConfigMap: the right to that one is enough. */
export function followConfigMap(options: FollowedConfigMapOptions): Informer<ConfigMap> {
  const { client, namespace, name, what, log, clock, keep, onChange } = options;
  const informer = new Informer<ConfigMap>({
    client,
    path: configMapPath(namespace),
    query: { fieldSelector: `metadata.name=${name}` },
    log,
    ...(clock ? { clock } : {}),
    ...(keep ? { transform: ({ metadata, data }) => ({ metadata, data: keep(data) }) as ConfigMap } : {}),
    onChange: () => onChange(informer.get(name, namespace)),
    onError: (error) => log.warn({ reason: describeError(error) }, `${what} cannot be followed`),
  });
  return informer;
}
