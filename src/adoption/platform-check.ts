import type { KubeList, KubeObject } from '../apimachinery/objects.ts';
import { digestOf } from '../claim-moves/snapshot.ts';
import { apiVersionOf, type ClaimApi, readClaimApis } from '../claim-moves/claim-api.ts';
import { ApiDirectory, type ListedResource } from '../clusters/api-directory.ts';
import { resourcePath } from '../clusters/api-paths.ts';
import { absentOrThrow, type KubeClient } from '../clusters/kube-client.ts';
import type { AdoptionBlocker, AdoptionBlockerReason } from './blockers.ts';
import type { BothClusters } from './copies.ts';
import { Definitions } from './definitions.ts';
import { type AdoptedObject, type Member, showMember } from './member.ts';

interface Specified extends KubeObject {
  spec?: Record<string, unknown>;
  data?: unknown;
}

interface Pipeline {
  mode?: string;
  pipeline?: { functionRef?: { name?: string } }[];
}

const apiextensions = { group: 'apiextensions.crossplane.io', version: 'v1' };

/** Whether the control plane has the same platform as the app cluster: whatever makes something else of the same objects. */
export class PlatformCheck {
  readonly #clusters: BothClusters;
  readonly #definitions: { app: Definitions; controlPlane: Definitions };
  readonly #directories: { app: ApiDirectory; controlPlane: ApiDirectory };
  readonly #answers = new Map<string, Promise<AdoptionBlocker | undefined>>();
  #apis: Promise<ClaimApi[] | undefined> | undefined;

  constructor(clusters: BothClusters) {
    this.#clusters = clusters;
    this.#definitions = {
      app: new Definitions(clusters.app),
      controlPlane: new Definitions(clusters.controlPlane),
    };
    this.#directories = {
      app: new ApiDirectory(clusters.app),
      controlPlane: new ApiDirectory(clusters.controlPlane),
    };
  }

  /** What differs for these objects, each difference once. */
  async look(
    api: ClaimApi,
    members: readonly Member[],
    objects: readonly AdoptedObject[],
  ): Promise<AdoptionBlocker[]> {
    const answers = members.flatMap((member, at) => {
      const object = objects[at] as AdoptedObject;
      return [
        this.#once(`kind ${member.resource.plural}.${member.resource.group}`, () => this.#kind(member)),
        ...(member.role === 'composite' ? [this.#composition(object)] : []),
        ...(member.isManaged ? [this.#providerConfig(member, object)] : []),
      ];
    });
    const found = await Promise.all([
      this.#once(`api ${api.claim.plural}.${api.group}`, () => this.#claimApi(api)),
      this.#once('environment', () => this.#environments()),
      this.#once('crossplane', () => this.#crossplane()),
      ...answers,
    ]);
    return [...new Set(found.filter((one) => one !== undefined))];
  }

  #once(key: string, look: () => Promise<AdoptionBlocker | undefined>): Promise<AdoptionBlocker | undefined> {
    let answer = this.#answers.get(key);
    if (!answer) {
      answer = look();
      this.#answers.set(key, answer);
    }
    return answer;
  }

  async #claimApi(api: ClaimApi): Promise<AdoptionBlocker | undefined> {
    const apis = await (this.#apis ??= readClaimApis(this.#clusters.controlPlane).catch(absentOrThrow));
    const same = apis?.find(({ group, claim }) => group === api.group && claim.plural === api.claim.plural);
    const what = `${api.claim.plural}.${api.group}`;
    if (!same)
      return blocker('KindMissing', `the control plane offers no claims ${what}: install its XRD there`);
    if (apiVersionOf(same) !== apiVersionOf(api) || same.composite.kind !== api.composite.kind)
      return blocker(
        'KindMissing',
        `the control plane offers ${what} as ${apiVersionOf(same)} with ${same.composite.kind} behind it, and the app cluster as ${apiVersionOf(api)} with ${api.composite.kind}: make the XRDs equal`,
      );
    return undefined;
  }

  async #kind({ resource }: Member): Promise<AdoptionBlocker | undefined> {
    const [here, there] = await Promise.all([
      this.#definitions.app.of(resource),
      this.#definitions.controlPlane.of(resource),
    ]);
    const what = `${resource.plural}.${resource.group}`;
    // Built into Kubernetes.
    if (!here) return undefined;
    const version = there?.crd.spec.versions.find(({ name }) => name === resource.version);
    if (!there || !version?.served)
      return blocker(
        'KindMissing',
        `the control plane does not serve ${what} in ${resource.version}: install the same provider or configuration there`,
      );
    const own = here.crd.spec.versions.find(({ name }) => name === resource.version);
    const isSame =
      digestOf(own?.schema) === digestOf(version.schema) && here.isNamespaced === there.isNamespaced;
    if (isSame) return undefined;
    return blocker(
      'SchemaDiffers',
      `the schema of ${what} is not the same on the control plane: install the same version there`,
    );
  }

  /** Revisions are named by what is in them, so that the same name says most of it. */
  async #composition({ metadata, spec }: AdoptedObject): Promise<AdoptionBlocker | undefined> {
    const reference = spec?.['compositionRevisionRef'] as { name?: string } | undefined;
    const revision = reference?.name;
    if (revision === undefined)
      return blocker(
        'CompositionDiffers',
        `${metadata.name} names no revision of its composition: wait until it does`,
      );
    return await this.#once(`revision ${revision}`, async () => {
      const path = resourcePath({ ...apiextensions, plural: 'compositionrevisions' }, { name: revision });
      const [here, there] = await this.#both(path);
      if (!there)
        return blocker(
          'CompositionDiffers',
          `the control plane has no CompositionRevision ${revision}: install the same Composition there`,
        );
      if (digestOf(contentOf(here)) !== digestOf(contentOf(there)))
        return blocker(
          'CompositionDiffers',
          `CompositionRevision ${revision} is not the same on the control plane: install the same Composition there`,
        );
      return await this.#functions(there.spec ?? {});
    });
  }

  async #functions({ mode, pipeline = [] }: Pipeline): Promise<AdoptionBlocker | undefined> {
    if (mode !== 'Pipeline') return undefined;
    for (const name of new Set(pipeline.map(({ functionRef }) => functionRef?.name))) {
      if (name === undefined) continue;
      const path = resourcePath({ group: 'pkg.crossplane.io', version: 'v1', plural: 'functions' }, { name });
      const [here, there] = await this.#both(path);
      if (!there)
        return blocker(
          'FunctionDiffers',
          `the control plane has no Function ${name}: install the same package there`,
        );
      const [own, other] = [here?.spec?.['package'], there.spec?.['package']];
      if (own !== other)
        return blocker(
          'FunctionDiffers',
          `the Function ${name} is ${String(own)} in the app cluster and ${String(other)} on the control plane: install the same package`,
        );
    }
    return undefined;
  }

  /** A provider's configuration lies in the group of its managed resources, or in one above it. */
  async #providerConfig(member: Member, object: AdoptedObject): Promise<AdoptionBlocker | undefined> {
    const name = (object.spec?.['providerConfigRef'] as { name?: string } | undefined)?.name;
    if (name === undefined) return undefined;
    const kind = await this.#providerConfigKind(member.resource.group);
    if (!kind)
      return blocker(
        'ProviderConfigMissing',
        `${showMember(member)} names the ProviderConfig ${name}, and the control plane has no such kind for ${member.resource.group}`,
      );
    return await this.#once(`config ${kind.group} ${name}`, async () => {
      const [here, there] = await this.#both(resourcePath(kind, { name }));
      const what = `the ProviderConfig ${name} of ${kind.group}`;
      if (!there)
        return blocker(
          'ProviderConfigMissing',
          `${what} is not on the control plane: make it there, for the same account`,
        );
      if (digestOf(here?.spec) === digestOf(there.spec)) return undefined;
      return blocker(
        'ProviderConfigDiffers',
        `${what} has another spec on the control plane: see that it leads to the same account`,
      );
    });
  }

  async #providerConfigKind(group: string): Promise<ListedResource | undefined> {
    const { resources } = await this.#preferred();
    return resources
      .filter(
        ({ kind, group: own }) => kind === 'ProviderConfig' && (group === own || group.endsWith(`.${own}`)),
      )
      .toSorted((a, b) => b.group.length - a.group.length)[0];
  }

  #preferredOnce: ReturnType<ApiDirectory['preferred']> | undefined;
  #preferred(): ReturnType<ApiDirectory['preferred']> {
    return (this.#preferredOnce ??= this.#directories.controlPlane.preferred());
  }

  /** Which of them a composition takes is decided while it runs: all of them have to be alike. */
  async #environments(): Promise<AdoptionBlocker | undefined> {
    const { resources } = await this.#directories.app.preferred();
    const kind = resources.find(
      (one) => one.group === apiextensions.group && one.plural === 'environmentconfigs',
    );
    if (!kind) return undefined;
    const [here, there] = await Promise.all([
      listSpecified(this.#clusters.app, resourcePath(kind)),
      listSpecified(this.#clusters.controlPlane, resourcePath(kind)),
    ]);
    const digests = new Map(there.map(({ metadata, data }) => [metadata.name, digestOf(data)]));
    const different = here.filter(({ metadata, data }) => digests.get(metadata.name) !== digestOf(data));
    if (different.length === 0) return undefined;
    const names = different.map(({ metadata }) => metadata.name).join(', ');
    return blocker(
      'EnvironmentDiffers',
      `EnvironmentConfig ${names} is not the same on the control plane: apply it there`,
    );
  }

  async #crossplane(): Promise<AdoptionBlocker | undefined> {
    const [here, there] = await Promise.all([
      crossplaneVersion(this.#clusters.app),
      crossplaneVersion(this.#clusters.controlPlane),
    ]);
    if (here === undefined || there === undefined || minorOf(here) === minorOf(there)) return undefined;
    return blocker(
      'CrossplaneDiffers',
      `Crossplane is ${here} in the app cluster and ${there} on the control plane: upgrade to the same minor version`,
    );
  }

  async #both(path: string): Promise<[Specified | undefined, Specified | undefined]> {
    return await Promise.all([
      this.#clusters.app.get<Specified>(path).catch(absentOrThrow),
      this.#clusters.controlPlane.get<Specified>(path).catch(absentOrThrow),
    ]);
  }
}

/** The number of a revision is how often a cluster has seen the composition change. */
function contentOf(revision: Specified | undefined): unknown {
  const { revision: _revision, ...content } = revision?.spec ?? {};
  return content;
}

async function listSpecified(client: KubeClient, path: string): Promise<Specified[]> {
  const list = await client.get<KubeList<Specified>>(path).catch(absentOrThrow);
  return list?.items ?? [];
}

/** As its Deployment says; undefined where there is none to be seen. */
async function crossplaneVersion(client: KubeClient): Promise<string | undefined> {
  const { items } = await client.get<KubeList<KubeObject>>('/apis/apps/v1/deployments', {
    query: { labelSelector: 'app=crossplane' },
  });
  return items[0]?.metadata.labels?.['app.kubernetes.io/version'];
}

function minorOf(version: string): string {
  return version.replace(/^v/, '').split('.').slice(0, 2).join('.');
}

function blocker(reason: AdoptionBlockerReason, message: string): AdoptionBlocker {
  return { reason, message };
}
