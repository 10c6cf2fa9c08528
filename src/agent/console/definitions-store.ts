/** The text of the definitions file as it is now. */
export interface StoredDefinitions {
  text: string;
  /** Another one with every change. */
  version: string;
}

/**
 * The server definitions file that the gateway watches (agent/servers): the console reads and writes it as anybody else does, and
 * what it writes takes effect by being watched.
 */
export interface DefinitionsStore {
  /** For people: a path, or `ConfigMap kube-system/…`. */
  readonly place: string;
  /** Throws ConnectorError where it cannot be read; a file that is not there yet is empty. */
  read(): Promise<StoredDefinitions>;
  /** All of it or nothing. Throws DefinitionsConflict where it is not at `version` any more. */
  write(text: string, version: string): Promise<void>;
}

/** Somebody else has changed the definitions since they were read. */
export class DefinitionsConflict extends Error {
  constructor(place: string) {
    super(`${place} was changed in between`);
    this.name = 'DefinitionsConflict';
  }
}

/**
 * Where bearer tokens and kubeconfigs are kept, apart from the definitions, which name them by their files. In a cluster it is a
 * Secret that is mounted into the gateway.
 */
export interface CredentialStore {
  readonly place: string;
  /** The path that a definition names. */
  pathOf(key: string): string;
  write(key: string, value: string): Promise<void>;
  /** Paths of other places are left alone; one that is gone already is no fault. */
  remove(path: string): Promise<void>;
}
