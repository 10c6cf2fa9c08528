import { readFileSync } from 'node:fs';
import type { CustomResourceDefinition, KubeList } from '../../../src/apimachinery/objects.ts';
import {
  connectedPrefixOf,
  type ConnectedResource,
  connectedResourcesOf,
  type GroupVersion,
  groupVersionsOf,
} from '../../../src/catalog/connected-resource.ts';
import { type OpenApiV3Document, parseOpenApi } from '../../../src/catalog/openapi-document.ts';
import { openApiV3Of } from '../../../src/catalog/openapi-v3.ts';

/** What capture.sh took from a real server: `crossplane` is the sample platform, `features` every feature of a schema. */
export type Capture = 'crossplane' | 'features';

/** Group, and the version whose documents say most. */
export const captures: [Capture, string, string][] = [
  ['crossplane', 'k8s.starter.org', 'v1alpha1'],
  ['features', 'features.example.org', 'v1'],
];

export function captured(name: string): unknown {
  return JSON.parse(read(name));
}

export function capturedCrds(capture: Capture): CustomResourceDefinition[] {
  return (captured(`${capture}/crds`) as KubeList<CustomResourceDefinition>).items;
}

export function connectedOf(crds: readonly CustomResourceDefinition[]): ConnectedResource[] {
  return crds.flatMap((crd) => {
    const prefix = connectedPrefixOf(crd);
    return prefix ? connectedResourcesOf(crd, prefix) : [];
  });
}

export function capturedGroupVersions(capture: Capture): GroupVersion[] {
  return groupVersionsOf(connectedOf(capturedCrds(capture)));
}

/** The server's own v3 document. */
export function capturedOpenApi(capture: Capture, version: string): OpenApiV3Document {
  return parseOpenApi(read(`${capture}/${version}.openapi-v3`));
}

/** The v3 documents that the connector makes of a capture. */
export function filteredOpenApi(capture: Capture): OpenApiV3Document[] {
  return capturedGroupVersions(capture).map((groupVersion) =>
    openApiV3Of(capturedOpenApi(capture, groupVersion.version), groupVersion),
  );
}

function read(name: string): string {
  return readFileSync(new URL(`./${name}.json`, import.meta.url), 'utf8');
}
