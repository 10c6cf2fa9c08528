import { eventsOf } from '../events-of.ts';
import type { ToolCall } from '../tool.ts';
import type { Xrd } from './xrd-objects.ts';

const mostEvents = 50;

/**
 * A warning where Crossplane has said that a controller of the XRD could not start its watches: it takes itself for running all the same,
 * the conditions are True, and nothing of the kind is ever worked on (Crossplane 1.20 and 2.0, StartWatches after Start in
 * internal/controller/apiextensions). It happens when the API server is slower to serve a new kind than Crossplane is to start.
 */
export async function idleControllers(call: ToolCall, { metadata }: Xrd): Promise<string[]> {
  const events = (await eventsOf(call, { uid: metadata.uid }, mostEvents)) ?? [];
  const said = events.find((event) => /cannot start composite resource .*watches/.test(event));
  if (said === undefined) return [];
  return [
    `Crossplane started a controller for XRD ${metadata.name} that watches nothing, so its objects may never become ready, unless ` +
      `Crossplane was restarted since: delete_xrd and create_xrd again while there are no objects, or have Crossplane restarted (${said})`,
  ];
}
