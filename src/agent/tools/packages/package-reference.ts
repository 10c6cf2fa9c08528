import { ToolError } from '../tool-error.ts';
import type { ToolPolicy } from '../tool.ts';

/** An OCI reference of a package: `xpkg.crossplane.io/crossplane-contrib/provider-nop:v0.4.0`. */
export interface PackageReference {
  text: string;
  /** Host, and port where it has one. */
  registry: string;
  repository: string;
  /** Registry and repository: what is the same in all versions. */
  source: string;
  tag: string | undefined;
  /** `sha256:…` */
  digest: string | undefined;
}

const component = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*';
const form = new RegExp(
  `^([A-Za-z0-9.-]+(?::[0-9]+)?)/(${component}(?:/${component})*)(?::([\\w][\\w.-]{0,127}))?(?:@(sha256:[0-9a-f]{64}))?$`,
);
/** Crossplane resolves dependencies by semantic versions, with or without the v. */
const semantic = /^v?\d+\.\d+\.\d+(?:[-+][0-9A-Za-z.+-]+)?$/;

/**
 * The host has to be written, since Crossplane 1 fills a default one in silently and Crossplane 2 refuses: as in an image's name
 * what comes before the first slash is a host where it has a dot or a port, or is localhost.
 */
export function parsePackage(text: string): PackageReference {
  const [, registry = '', repository = '', tag, digest] = form.exec(text) ?? [];
  if (!registry || !(/[.:]/.test(registry) || registry === 'localhost'))
    throw new ToolError('invalid', `${JSON.stringify(text)} is not a full package reference`, {
      hint: 'write registry, repository and version: xpkg.crossplane.io/crossplane-contrib/provider-nop:v0.4.0',
      details: { field: 'package' },
    });
  return { text, registry, repository, source: `${registry}/${repository}`, tag, digest };
}

/** Throws where the reference names no fixed version, or a registry that the server's definition does not allow. */
export function checkPackage(reference: PackageReference, policy: ToolPolicy): string[] {
  const { digest, source, tag, text } = reference;
  if (!digest && (tag === undefined || tag === 'latest'))
    throw new ToolError(
      'invalid',
      `${text} names no fixed version: what it installs would change without anybody's doing`,
      {
        hint: `write the version: ${source}:v1.2.3, or ${source}@sha256:…`,
        details: { field: 'package' },
      },
    );
  const allowed = policy.registries;
  if (allowed && !allowed.some((one) => isBelow(source, one)))
    throw new ToolError('forbidden', `this server installs no packages from ${source}`, {
      hint: `packages may come from: ${allowed.join(', ')}`,
      details: { field: 'package' },
    });
  return !digest && tag !== undefined && !semantic.test(tag)
    ? [`${tag} is no semantic version: packages that depend on ${source} cannot tell whether it will do`]
    : [];
}

/** A host, or a host and the beginning of a path; never a part of a name. */
function isBelow(source: string, allowed: string): boolean {
  const prefix = allowed.replace(/\/+$/, '');
  return source === prefix || source.startsWith(`${prefix}/`);
}

/** As Crossplane's own command line names a package that is given no name: the repository as a DNS label. */
export function defaultName({ repository }: PackageReference): string {
  return repository
    .slice(0, 63)
    .replaceAll(/[/.]/g, '-')
    .replaceAll(/[^a-z0-9-]/g, '')
    .replace(/-+$/, '');
}

/** Of a reference that is stored already, however it was written: on Crossplane 1 it may have no host. */
export function sourceOf(stored: string): string {
  return stored.replace(/@sha256:[0-9a-f]+$/, '').replace(/:[\w][\w.-]*$/, '');
}

/** Tag or digest of a reference that is stored already. */
export function versionOf(stored: string): string {
  const digest = /@(sha256:[0-9a-f]{12})[0-9a-f]*$/.exec(stored)?.[1];
  return digest ?? /:([\w][\w.-]*)$/.exec(stored)?.[1] ?? 'latest';
}
