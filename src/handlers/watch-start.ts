import { isTrue } from '../apimachinery/request-info.ts';
import { InitialEvents, type Room } from '../mapping/initial-events.ts';

/** How the control plane is asked for a watch, so that its initial events can be put in order. */
export interface WatchStart {
  query: URLSearchParams;
  initial?: InitialEvents;
  dropsBookmarks?: boolean;
  /** The client did not ask for marked initial events; a control plane that has no WatchList is asked without. */
  isMarkedByUs: boolean;
}

/**
 * A watch from no version, or from `0`, starts with all objects by key, and so does one that asks for them
 * (sendInitialEvents): to the API server they are the same (apimachinery/pkg/apis/meta/internalversion/defaults.go). The
 * control plane's keys are hashes: it is asked to mark the end of the initial events, and they are sorted here. Everything
 * else is asked for as it is, wrong combinations included.
 */
export function watchStart(asked: URLSearchParams, isTable: boolean, room: Room): WatchStart {
  const asItIs: WatchStart = { query: asked, isMarkedByUs: false };
  const isOfOne = /(^|,)metadata\.name=/.test(asked.get('fieldSelector') ?? '');
  if (isOfOne || asked.get('continue')) return asItIs;
  const sends = asked.get('sendInitialEvents');
  const match = asked.get('resourceVersionMatch') ?? '';
  const isPlain = sends === null && match === '' && ['', '0'].includes(asked.get('resourceVersion') ?? '');
  if (!isPlain && !(isTrue(sends) && match === 'NotOlderThan')) return asItIs;
  const showsBookmarks = isTrue(asked.get('allowWatchBookmarks'));
  const query = new URLSearchParams(asked);
  query.set('sendInitialEvents', 'true');
  query.set('resourceVersionMatch', 'NotOlderThan');
  query.set('allowWatchBookmarks', 'true');
  const initial = new InitialEvents({ showsBookmarks, isTable, room });
  return { query, initial, dropsBookmarks: !showsBookmarks, isMarkedByUs: isPlain };
}
