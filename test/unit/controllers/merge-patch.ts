import {
  type Answer,
  type FakeApiServer,
  failure,
  type Received,
  type Stored,
} from '../clusters/fake-api-server.ts';

/** Answers a JSON merge patch of whole members, as an API server does for an Event; an empty one changes nothing. */
export function mergePatch(server: FakeApiServer, { method, path, body }: Received): Answer | undefined {
  if (method !== 'PATCH') return undefined;
  const object = server.objects.get(path);
  if (!object) return failure(404, 'NotFound');
  const changes = body as Partial<Stored>;
  const isChange = Object.keys(changes).length > 0;
  return { status: 200, body: isChange ? server.put(path, { ...object, ...changes }) : object };
}
