import { compareVersions } from '../../apimachinery/version-order.ts';
import { ToolError } from '../tools/tool-error.ts';
import type { Resource } from './cluster-api.ts';
import type { DiscoveredResource } from './discovery.ts';
import type { CrossplaneKind, KindDirectory } from './kind-directory.ts';
import { crossplaneKinds } from './kinds.ts';

interface Source {
  resources(): Promise<readonly DiscoveredResource[]>;
  forget(): void;
}

/** The kinds that discovery names, for one call. */
export class DiscoveredKinds implements KindDirectory {
  readonly #source: Source;

  constructor(source: Source) {
    this.#source = source;
  }

  async find(kind: CrossplaneKind): Promise<Resource> {
    const found = await this.findServed(kind);
    if (found) return found;
    const resources = await this.#source.resources();
    this.forget();
    throw notInstalled(
      kind,
      resources.some(({ group }) => group === crossplaneKinds[kind].group),
    );
  }

  async findServed(kind: CrossplaneKind): Promise<Resource | undefined> {
    const { prefer } = crossplaneKinds[kind];
    const rank = (version: string): number => {
      const at = prefer.indexOf(version);
      return at < 0 ? prefer.length : at;
    };
    const [best] = (await this.#versionsOf(kind)).toSorted(
      (a, b) => rank(a.version) - rank(b.version) || compareVersions(a.version, b.version),
    );
    return best;
  }

  async findVersion(kind: CrossplaneKind, version: string): Promise<Resource | undefined> {
    return (await this.#versionsOf(kind)).find((served) => served.version === version);
  }

  async resourceOf(apiVersion: string, kind: string): Promise<Resource | undefined> {
    const [version, group = ''] = apiVersion.split('/').toReversed() as [string, string?];
    const resources = await this.#source.resources();
    return resources.find(
      (served) => served.kind === kind && served.version === version && served.group === group,
    );
  }

  async all(): Promise<readonly (Resource & { categories: readonly string[] })[]> {
    const listed = (await this.#source.resources()).filter(({ verbs }) => verbs.includes('list'));
    const kinds = Map.groupBy(listed, ({ group, plural }) => `${plural}.${group}`);
    // Versions come in the group's order of preference.
    return [...kinds.values()].flatMap(([first]) => first ?? []);
  }

  forget(): void {
    this.#source.forget();
  }

  async #versionsOf(kind: CrossplaneKind): Promise<DiscoveredResource[]> {
    const wanted = crossplaneKinds[kind];
    return (await this.#source.resources()).filter(
      ({ group, plural }) => group === wanted.group && plural === wanted.plural,
    );
  }
}

function notInstalled(kind: CrossplaneKind, groupIsServed: boolean): ToolError {
  const { group, plural, absent, kind: name } = crossplaneKinds[kind];
  // The group protection.crossplane.io and the like are missing as a whole where Crossplane is older.
  if (absent)
    return new ToolError('not_installed', `this control plane serves no ${name} (${group}): ${absent}`, {
      hint: `if it runs such a version, check that the CRD ${plural}.${group} is there and Established`,
    });
  if (groupIsServed)
    return new ToolError('not_installed', `this control plane serves ${group}, but no ${plural} in it`, {
      hint: `check that the CRD ${plural}.${group} is there and Established: an upgrade of Crossplane may be half done`,
    });
  return new ToolError('not_installed', `this control plane does not serve ${group}`, {
    hint: 'either Crossplane is not installed here (check its Deployment, and that this server leads to the right cluster), or the account of this server may not use discovery (ClusterRole system:discovery)',
  });
}
