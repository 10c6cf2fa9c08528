import type { ChaosGround } from './ground.ts';
import type { Load } from './load.ts';

/** What a fault may work with. */
export interface Scene {
  ground: ChaosGround;
  load: Load;
  /** A line below the fault's row. */
  note: (line: string) => void;
  /** Something that must not be: the run fails with this sentence. */
  fail: (sentence: string) => void;
  /** Milliseconds that the fault lasts. */
  lastsMs: number;
}

/** Something that goes wrong, and how it is mended. */
export interface ChaosFault {
  /** One word for `--faults`. */
  name: string;
  /** What a person would say. */
  what: string;
  /** Seconds between cause and mending, where the run's own do not fit. */
  seconds?: number;
  /** True where one replica is hurt and the other serves on: the first success is timed from the cause. */
  servedThroughout?: true;
  /** True where the APIService is the neighbour's for a while, or nothing of the connector is there to be Available. */
  takesApiServiceAway?: true;
  cause: (scene: Scene) => Promise<void>;
  /** Resolves when what was hurt is whole again; the clients are timed from then on. */
  mend: (scene: Scene) => Promise<void>;
  /** What has to come true afterwards. Throws while it is not. */
  afterwards?: (scene: Scene) => Promise<void>;
}
