import type { KubeObject } from '../../../apimachinery/objects.ts';
import { Edits } from '../../../apimachinery/json-edit.ts';
import { editToControlPlane, type ToControlPlane } from '../../../mapping/claim-body.ts';
import { editToApp } from '../../../mapping/claim-view.ts';
import {
  appClusterLabel,
  appNameLabel,
  appNamespaceLabel,
  type Connection,
  controlPlaneName,
  type NamePrefix,
} from '../../../mapping/identity.ts';
import { readLive } from '../../../mapping/origin.ts';
import { keepReferences } from '../../../mapping/spec-references.ts';
import type { ClaimConnection } from '../tool.ts';
import type { Manifest } from '../parameters.ts';
import type { OfferedKind } from './offered-kinds.ts';

/**
 * Where one claim lies, and how it is written there. With a connection, it is what kubectl makes in the app cluster through the
 * connector: under a hashed name in the claim namespace, with the labels that say whose it is. Without, it is itself.
 */
export class ClaimPlace {
  readonly resource: OfferedKind;
  /** As the caller calls it. */
  readonly app: { namespace: string; name: string };
  /** On the control plane. */
  readonly place: { namespace: string; name: string };
  readonly #connection: Connection | undefined;
  readonly #prefix: NamePrefix;

  constructor(
    resource: OfferedKind,
    app: { namespace: string; name: string },
    connection: ClaimConnection | undefined,
  ) {
    this.resource = resource;
    this.app = app;
    this.#prefix = resource.categories.includes('claim') ? 'claim' : 'nxr';
    this.#connection = connection && {
      clusterID: connection.clusterId,
      claimNamespace: connection.claimNamespace,
    };
    this.place = this.#connection
      ? {
          namespace: this.#connection.claimNamespace,
          name: controlPlaneName(this.#prefix, app, this.#connection.clusterID),
        }
      : app;
  }

  /** Two names of app clusters can have one hash: the labels decide. */
  isOwn({ metadata: { labels = {} } }: KubeObject): boolean {
    if (!this.#connection) return true;
    return (
      labels[appClusterLabel] === this.#connection.clusterID &&
      labels[appNamespaceLabel] === this.app.namespace &&
      labels[appNameLabel] === this.app.name
    );
  }

  /** A whole object for the control plane; `live` is what it replaces. */
  objectToControlPlane(manifest: Manifest, live?: KubeObject): Manifest {
    const named = { ...manifest, metadata: { ...(manifest['metadata'] as object | undefined), ...this.app } };
    if (!live) return this.#mapped(named, { body: 'object' });
    const bytes = bytesOf(named);
    const edits = new Edits();
    if (this.#prefix === 'claim') keepReferences(bytes, bytesOf(live), edits);
    return this.#mapped(parsed(edits.apply(bytes)), { body: 'object', replaces: true, ...this.#live(live) });
  }

  /** A merge patch of labels, annotations and spec. */
  patchToControlPlane(patch: Manifest, live: KubeObject): Manifest {
    return this.#mapped(patch, { body: 'merge-patch', ...this.#live(live) });
  }

  /** As the app cluster shows it. */
  toApp<T extends KubeObject>(object: T): T {
    return this.#connection ? claimToApp(object) : object;
  }

  /** Texts of the control plane name the object there. */
  textToApp(text: string): string {
    if (!this.#connection) return text;
    return text
      .replaceAll(this.place.name, this.app.name)
      .replaceAll(`"${this.place.namespace}"`, `"${this.app.namespace}"`);
  }

  #mapped(body: Manifest, target: Pick<ToControlPlane, 'body' | 'live' | 'replaces'>): Manifest {
    if (!this.#connection) return body;
    const bytes = bytesOf(body);
    const edits = new Edits();
    const { app } = this;
    editToControlPlane(bytes, { connection: this.#connection, prefix: this.#prefix, app, ...target }, edits);
    return parsed(edits.apply(bytes));
  }

  #live(object: KubeObject): Pick<ToControlPlane, 'live'> {
    const live = readLive(bytesOf(object));
    return live ? { live } : {};
  }
}

/** Any object of an app cluster under the names that it has there; others stay as they are. */
export function claimToApp<T extends KubeObject>(object: T): T {
  const bytes = bytesOf(object);
  const edits = new Edits();
  editToApp(bytes, 0, bytes.length, edits);
  return parsed(edits.apply(bytes)) as unknown as T;
}

/** Selects the objects of a connection, those of one of its namespaces when it is given. */
export function ownLabels({ clusterId }: ClaimConnection, namespace: string | undefined): string {
  return [
    `${appClusterLabel}=${clusterId}`,
    ...(namespace ? [`${appNamespaceLabel}=${namespace}`] : []),
  ].join(',');
}

function bytesOf(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

function parsed(bytes: Buffer): Manifest {
  return JSON.parse(bytes.toString('utf8')) as Manifest;
}
