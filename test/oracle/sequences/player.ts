import type { OracleObject, RequestOptions, World } from '../scenario.ts';
import type { Exchange } from '../side.ts';
import { changeObject, jsonPatchOf, mergePatchOf, owners } from './changes.ts';
import type { Client, Form, Selection, Step, Target } from './steps.ts';
import { SequenceWatch, startOfWatch } from './watches.ts';

const partial = 'g=meta.k8s.io;v=v1';
const accept: Record<Form, { one: string; many: string }> = {
  object: { one: 'application/json', many: 'application/json' },
  metadata: {
    one: `application/json;as=PartialObjectMetadata;${partial}`,
    many: `application/json;as=PartialObjectMetadataList;${partial}`,
  },
  table: {
    one: `application/json;as=Table;${partial}`,
    many: `application/json;as=Table;${partial}`,
  },
};
const patchTypes = { merge: 'application/merge-patch+json', json: 'application/json-patch+json' };

/** Tells a sequence to one side. */
export class Player {
  readonly #world: World;
  /** By client and object, every state that the client was answered with. */
  readonly #seen = new Map<string, OracleObject[]>();
  readonly #watches: SequenceWatch[] = [];
  /** By namespace and name. */
  readonly #owners = new Map<string, string>();

  constructor(world: World) {
    this.#world = world;
  }

  /** Every step in turn; then all watches are closed, and all kinds are listed. */
  async play(steps: readonly Step[]): Promise<void> {
    for (const step of steps) await this.#take(step);
    for (let open = this.#watches.pop(); open; open = this.#watches.pop()) await open.close();
    for (const plural of ['buckets', 'databases', 'networks'] as const)
      await this.#world.ask('GET', this.#world.path({ plural, namespace: null }));
  }

  async #take(step: Step): Promise<void> {
    const { client } = step;
    switch (step.act) {
      case 'create': {
        const object = this.#blank(step.target);
        for (const change of step.changes) changeObject(object, change, step.target.plural);
        const query: Record<string, string> = { fieldManager: client };
        if (step.dryRun) query['dryRun'] = 'All';
        const answer = await this.#world.ask(
          'POST',
          this.#pathTo({ ...step.target, name: undefined }, query),
          {
            body: await this.#withOwners(step.target.namespace, object),
          },
        );
        if (!step.dryRun) this.#remember(client, step.target, answer);
        return;
      }
      case 'get': {
        const answer = await this.#world.ask('GET', this.#pathTo(step.target), {
          accept: accept[step.form].one,
        });
        if (step.form === 'object') this.#remember(client, step.target, answer);
        return;
      }
      case 'update':
        return await this.#update(client, step);
      case 'patch': {
        const { plural } = step.target;
        const body =
          step.type === 'merge' ? mergePatchOf(step.change, plural) : jsonPatchOf(step.change, plural);
        await this.#write(client, step.target, 'PATCH', {
          subresource: step.status ? 'status' : undefined,
          options: { type: patchTypes[step.type], body },
        });
        return;
      }
      case 'apply': {
        const { plural, name } = step.target;
        const { apiVersion, kind, spec } = this.#blank(step.target);
        const metadata = { name, ...marks() };
        const object = { apiVersion, kind, metadata, ...(step.whole ? { spec } : {}) } as OracleObject;
        for (const change of step.changes) changeObject(object, change, plural);
        await this.#write(client, step.target, 'PATCH', {
          query: step.force ? { force: 'true' } : {},
          options: { type: 'application/apply-patch+yaml', body: object },
        });
        return;
      }
      case 'delete':
        return await this.#delete(client, step);
      case 'let go':
        await this.#write(client, step.target, 'PATCH', {
          options: { type: patchTypes.merge, body: { metadata: { finalizers: null } } },
        });
        return;
      case 'delete collection':
        await this.#world.ask('DELETE', this.#pathOf(step.selection));
        for (const watch of this.#watches) watch.orderIsLost();
        return;
      case 'list':
        return await this.#list(step);
      case 'open watch':
        this.#watches.push(
          await SequenceWatch.open(this.#world, {
            selection: step.selection,
            accept: accept[step.form].one,
            path: (query) => this.#pathOf(step.selection, query),
            query: await startOfWatch(this.#world, step.from, this.#pathOf(step.selection)),
            place: (name) => ({
              plural: step.selection.plural,
              namespace: step.selection.namespace ?? 'a',
              name,
            }),
            blank: (target) => this.#blank(target),
            pathTo: (target) => this.#pathTo(target),
          }),
        );
        return;
      case 'close watch': {
        const [watch] = this.#watches.splice(step.nth, 1);
        await watch?.close();
      }
    }
  }

  async #update(client: Client, step: Extract<Step, { act: 'update' }>): Promise<void> {
    const { target, basis, change } = step;
    if (basis === 'fresh') this.#remember(client, target, await this.#world.ask('GET', this.#pathTo(target)));
    const states = this.#states(client, target);
    const base = (basis === 'first seen' ? states[0] : states.at(-1)) ?? this.#blank(target);
    const object = structuredClone(base);
    if (!step.versioned) delete object.metadata.resourceVersion;
    changeObject(object, change, target.plural);
    await this.#write(client, target, 'PUT', {
      subresource: step.status ? 'status' : undefined,
      options: { body: object },
    });
  }

  async #delete(client: Client, step: Extract<Step, { act: 'delete' }>): Promise<void> {
    const { target, precondition } = step;
    const seen = this.#states(client, target).at(-1)?.metadata;
    const preconditions = {
      'uid last seen': { uid: seen?.uid },
      'version last seen': { resourceVersion: seen?.resourceVersion },
      'foreign uid': { uid: '00000000-0000-0000-0000-000000000000' },
    };
    const body =
      precondition === null
        ? undefined
        : { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: preconditions[precondition] };
    await this.#world.ask('DELETE', this.#pathTo(target), { body });
  }

  async #list(step: Extract<Step, { act: 'list' }>): Promise<void> {
    const { labels, fields } = step.selection;
    // With a selector a local CRD may promise a further page that is empty, the connector then knows that there is none.
    const isChunked = step.limit !== null && labels === undefined && fields === undefined;
    const query: Record<string, string> = isChunked ? { limit: String(step.limit) } : {};
    for (;;) {
      const answer = await this.#world.ask('GET', this.#pathOf(step.selection, query), {
        accept: accept[step.form].many,
      });
      if (answer.status !== 200) return;
      const { metadata } = JSON.parse(answer.body.toString('utf8')) as { metadata: { continue?: string } };
      if (!metadata.continue) return;
      query['continue'] = metadata.continue;
    }
  }

  async #write(
    client: Client,
    target: Target,
    method: string,
    how: { subresource?: string | undefined; query?: Record<string, string>; options: RequestOptions },
  ): Promise<void> {
    const query = { fieldManager: client, ...how.query };
    const path = this.#pathTo(target, query, how.subresource);
    const body = await this.#withOwners(target.namespace, how.options.body);
    this.#remember(client, target, await this.#world.ask(method, path, { ...how.options, body }));
  }

  /** The body with the uids of this side's owners in it; they are made where they are needed. */
  async #withOwners(namespace: 'a' | 'b', body: unknown): Promise<string> {
    let text = JSON.stringify(body);
    for (const name of owners.filter((owner) => text.includes(`uid-of-${owner}`))) {
      const key = `${namespace}/${name}`;
      const uid = this.#owners.get(key) ?? (await this.#makeOwner(this.#namespace(namespace), name));
      this.#owners.set(key, uid);
      text = text.replaceAll(`uid-of-${name}`, uid);
    }
    return text;
  }

  async #makeOwner(namespace: string, name: string): Promise<string> {
    const path = `/api/v1/namespaces/${namespace}/configmaps/${name}?fieldManager=owners`;
    const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } };
    const { metadata } = await this.#world.given('PATCH', path, {
      type: 'application/apply-patch+yaml',
      body,
    });
    return metadata.uid as string;
  }

  #remember(client: Client, target: Target, { status, body }: Exchange): void {
    if (status >= 300) return;
    this.#states(client, target).push(JSON.parse(body.toString('utf8')) as OracleObject);
  }

  #states(client: Client, { plural, namespace, name }: Target): OracleObject[] {
    const key = `${client} ${plural} ${namespace}/${name}`;
    const states = this.#seen.get(key) ?? [];
    this.#seen.set(key, states);
    return states;
  }

  #blank({ plural, namespace, name }: Target): OracleObject {
    const metadata = { namespace: this.#namespace(namespace), ...marks() };
    if (plural === 'networks') return this.#world.network(name, metadata);
    return plural === 'buckets' ? this.#world.bucket(name, metadata) : this.#world.database(name, metadata);
  }

  #namespace(which: 'a' | 'b'): string {
    return which === 'a' ? this.#world.namespace : this.#world.otherNamespace;
  }

  #pathTo(
    { plural, namespace, name }: Omit<Target, 'name'> & { name: string | undefined },
    query: Record<string, string> = {},
    subresource?: string,
  ): string {
    return this.#world.path({
      plural,
      namespace: this.#namespace(namespace),
      name,
      query,
      ...(subresource === undefined ? {} : { subresource }),
    });
  }

  #pathOf({ plural, namespace, labels, fields }: Selection, query: Record<string, string> = {}): string {
    return this.#world.path({
      plural,
      namespace: namespace === null ? null : this.#namespace(namespace),
      query: {
        ...(labels === undefined ? {} : { labelSelector: labels }),
        ...(fields === undefined ? {} : { fieldSelector: fields }),
        ...query,
      },
    });
  }
}

/**
 * A label and an annotation that every object has from the start. Without them, who owns the maps themselves (`"."` in
 * managedFields) depends on the connector's own labels, which are there first.
 */
function marks(): Pick<OracleObject['metadata'], 'labels' | 'annotations'> {
  return { labels: { made: 'here' }, annotations: { 'example.org/made': 'here' } };
}
