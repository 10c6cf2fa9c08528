import type { Exchange, OpenWatch, OracleRequest, Side } from './side.ts';

/** A short story of requests, told to both sides alike; each recorded answer is compared with the other side's. */
export interface Scenario {
  /** File of the catalogue it stands in. */
  area: string;
  name: string;
  run: (world: World) => Promise<void>;
}

/** What makes scenarios of one area: `const scenario = scenariosOf('create')`. */
export interface Area {
  scenarios: Scenario[];
  scenario: (name: string, run: Scenario['run']) => void;
}

export function area(name: string): Area {
  const scenarios: Scenario[] = [];
  return {
    scenarios,
    scenario: (title, run) => {
      scenarios.push({ area: name, name: title, run });
    },
  };
}

export type Plural = 'buckets' | 'databases' | 'networks';

/** Every kind of apis.yaml. */
export const kinds = ['buckets', 'databases', 'networks', 'queues'] as const;
export type Kind = (typeof kinds)[number];

export interface PathOptions {
  plural?: Plural;
  version?: string;
  /** The first namespace when left out; null for all namespaces. */
  namespace?: string | null;
  name?: string | undefined;
  subresource?: string;
  /** As it stands behind the `?`, or as pairs. */
  query?: string | Record<string, string>;
}

export type RequestOptions = Pick<OracleRequest, 'headers' | 'body'> & { type?: string; accept?: string };

/** An object as scenarios read and write it. */
export interface OracleObject {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    namespace?: string;
    uid?: string;
    resourceVersion?: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    finalizers?: string[];
    [key: string]: unknown;
  };
  spec: Record<string, unknown>;
  status?: Record<string, unknown>;
}

/** One side in one scenario: it starts without any object, in two namespaces, and records what it is asked. */
export class World {
  readonly side: Side;
  readonly group: string;
  readonly namespace: string;
  readonly otherNamespace: string;
  readonly exchanges: Exchange[] = [];
  /** Kinds that were asked about, and may have objects now. */
  readonly touched = new Set<Kind>();
  readonly #watches: OpenWatch[] = [];

  constructor(side: Side, ground: { group: string; namespace: string; otherNamespace: string }) {
    this.side = side;
    this.group = ground.group;
    this.namespace = ground.namespace;
    this.otherNamespace = ground.otherNamespace;
  }

  /** Path of a collection, of an object where `name` is given, or of its subresource. */
  path(options: PathOptions = {}): string {
    const {
      plural = 'buckets',
      version = 'v1',
      namespace = this.namespace,
      name,
      subresource,
      query = '',
    } = options;
    const scope = namespace === null ? '' : `/namespaces/${namespace}`;
    const object = name === undefined ? '' : `/${name}${subresource === undefined ? '' : `/${subresource}`}`;
    const text = typeof query === 'string' ? query : new URLSearchParams(query).toString();
    return `/apis/${this.group}/${version}${scope}/${plural}${object}${text === '' ? '' : `?${text}`}`;
  }

  /** A bucket that both sides take; `metadata` and `parameters` are added to it. */
  bucket(name: string, metadata: object = {}, parameters: object = {}): OracleObject {
    return {
      apiVersion: `${this.group}/v1`,
      kind: 'Bucket',
      metadata: { name, namespace: this.namespace, ...metadata },
      spec: { parameters: { size: 'small', ...parameters } },
    };
  }

  /** A database, the kind with defaults, rules and a scale. */
  database(name: string, metadata: object = {}, spec: object = {}): OracleObject {
    return {
      apiVersion: `${this.group}/v1`,
      kind: 'Database',
      metadata: { name, namespace: this.namespace, ...metadata },
      spec: { engine: 'postgres', ...spec },
    };
  }

  /** A network, as namespaced XRs of Crossplane v2 are: everything of Crossplane stands in `spec.crossplane`. */
  network(name: string, metadata: object = {}, spec: object = {}): OracleObject {
    return {
      apiVersion: `${this.group}/v1`,
      kind: 'Network',
      metadata: { name, namespace: this.namespace, ...metadata },
      spec: { cidr: '10.0.0.0/16', ...spec },
    };
  }

  /** Asks, records, and gives the answer. */
  async ask(method: string, path: string, options: RequestOptions = {}): Promise<Exchange> {
    this.#touch(path);
    const exchange = await this.side.ask(requestOf(method, path, options));
    this.exchanges.push(exchange);
    return exchange;
  }

  /** Asks several at once, for answers that take their time; recorded in the order they stand in. */
  async askAll(asked: readonly [method: string, path: string, options?: RequestOptions][]): Promise<void> {
    for (const [, path] of asked) this.#touch(path);
    const answers = asked.map(([method, path, options = {}]) =>
      this.side.ask(requestOf(method, path, options)),
    );
    this.exchanges.push(...(await Promise.all(answers)));
  }

  #touch(path: string): void {
    for (const kind of kinds) if (path.includes(`/${kind}`)) this.touched.add(kind);
  }

  /** A step that is needed and not looked at. Throws unless it succeeds. */
  async given(method: string, path: string, options: RequestOptions = {}): Promise<OracleObject> {
    this.#touch(path);
    const { status, body } = await this.side.ask(requestOf(method, path, options));
    if (status >= 300)
      throw new Error(`${this.side.name}: ${method} ${path}: ${status} ${body.toString('utf8', 0, 500)}`);
    return JSON.parse(body.toString('utf8')) as OracleObject;
  }

  /** Creates a bucket without looking at the answer. */
  givenBucket(name: string, metadata: object = {}, parameters: object = {}): Promise<OracleObject> {
    return this.given('POST', this.path(), { body: this.bucket(name, metadata, parameters) });
  }

  givenDatabase(name: string, metadata: object = {}, spec: object = {}): Promise<OracleObject> {
    return this.given('POST', this.path({ plural: 'databases' }), {
      body: this.database(name, metadata, spec),
    });
  }

  givenNetwork(name: string, metadata: object = {}, spec: object = {}): Promise<OracleObject> {
    return this.given('POST', this.path({ plural: 'networks' }), {
      body: this.network(name, metadata, spec),
    });
  }

  /** Opens a watch. It is recorded when it is closed, and closed at the latest when the scenario ends. */
  async watch(path: string, options: RequestOptions = {}): Promise<OpenWatch> {
    const watch = await this.side.watch(requestOf('GET', path, options));
    this.#watches.push(watch);
    return watch;
  }

  /** Records what a watch has seen, and ends it. */
  closeWatch(watch: OpenWatch): void {
    this.#watches.splice(this.#watches.indexOf(watch), 1);
    this.exchanges.push(watch.close());
  }

  /** Watches until `count` events came, and records them. */
  async watchFor(count: number, path: string, options: RequestOptions = {}): Promise<void> {
    const watch = await this.watch(path, options);
    await watch.take(count);
    this.closeWatch(watch);
  }

  /** Watches until the server ends it (`timeoutSeconds`), and records what came. */
  async watchToEnd(path: string, options: RequestOptions = {}): Promise<void> {
    const watch = await this.watch(path, options);
    await watch.ended();
    this.closeWatch(watch);
  }

  /** The same for several at once, recorded in the order they stand in. */
  async watchesToEnd(asked: readonly (string | [path: string, options: RequestOptions])[]): Promise<void> {
    const watches: OpenWatch[] = [];
    for (const one of asked)
      watches.push(await (typeof one === 'string' ? this.watch(one) : this.watch(one[0], one[1])));
    for (const watch of watches) {
      await watch.ended();
      this.closeWatch(watch);
    }
  }

  /** Ends what a scenario has left open. */
  end(): void {
    for (let watch = this.#watches.at(-1); watch; watch = this.#watches.at(-1)) this.closeWatch(watch);
  }
}

function requestOf(
  method: string,
  path: string,
  { headers, body, type, accept }: RequestOptions,
): OracleRequest {
  return {
    method,
    path,
    body,
    headers: {
      ...(accept === undefined ? {} : { accept }),
      ...(type === undefined ? {} : { 'content-type': type }),
      ...headers,
    },
  };
}
