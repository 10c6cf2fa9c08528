import type { Toolset } from '../tools/tool.ts';

/** What a person can choose from: one kind of server, set up for one kind of use. */
export interface CatalogueEntry {
  id: string;
  title: string;
  /** One or two sentences. */
  description: string;
  /** Words that it is found by, beside those of title and description. */
  keywords: string;
  toolsets: readonly Toolset[];
  readOnly: boolean;
  production: boolean;
  /** Proposed to start with. */
  name: string;
  instructions: string;
}

/** Those of the 29 tools that the vendor's page of a Crossplane server has; claims and insight come besides. */
const platform: readonly Toolset[] = [
  'xrd',
  'composition',
  'package',
  'environment',
  'operation',
  'protection',
];

export const catalogue: readonly CatalogueEntry[] = [
  {
    id: 'crossplane',
    title: 'Crossplane',
    description:
      'The whole control plane: composite resource definitions, compositions, packages, environment configs, operations and usages. Destructive calls show what they would change, and wait for a confirmation.',
    keywords: 'xrd composition provider configuration function platform kubernetes write admin',
    toolsets: [...platform, 'insight'],
    readOnly: false,
    production: true,
    name: 'crossplane',
    instructions:
      'Manages Crossplane on the control plane: definitions, compositions, packages and operations.',
  },
  {
    id: 'crossplane-read-only',
    title: 'Crossplane, read-only',
    description:
      'Everything can be looked at and diagnosed, nothing can be changed: tools that write are absent, and writes are refused before they are sent.',
    keywords: 'observe diagnose support safe list get view',
    toolsets: [...platform, 'claim', 'insight'],
    readOnly: true,
    production: true,
    name: 'crossplane-read',
    instructions:
      'Looks at Crossplane on the control plane, and finds out why something is not Ready. Changes nothing.',
  },
  {
    id: 'crossplane-claims',
    title: 'Crossplane claims',
    description:
      'For application teams: claims and composite resources, why one is not Ready, and what it is made of. The platform itself stays out of reach.',
    keywords: 'xr composite resource application team developer database bucket self-service',
    toolsets: ['claim', 'insight'],
    readOnly: false,
    production: true,
    name: 'claims',
    instructions: 'Creates and looks after claims of Crossplane, and finds out why one is not Ready.',
  },
];

/** Those that have every word of the search somewhere. */
export function searchCatalogue(text: string): readonly CatalogueEntry[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return catalogue.filter(({ title, description, keywords }) => {
    const all = `${title} ${description} ${keywords}`.toLowerCase();
    return words.every((word) => all.includes(word));
  });
}

/** In the order of the form. */
export const toolsetLabels: readonly { id: Toolset; label: string; hint: string }[] = [
  { id: 'xrd', label: 'Composite resource definitions', hint: 'Which APIs the platform offers' },
  { id: 'composition', label: 'Compositions', hint: 'How those APIs are fulfilled, with their revisions' },
  { id: 'package', label: 'Packages', hint: 'Providers, configurations and functions' },
  { id: 'environment', label: 'Environment configs', hint: 'Values that compositions read' },
  { id: 'operation', label: 'Operations', hint: 'Run once, or on a schedule' },
  { id: 'protection', label: 'Usages', hint: 'What must not be deleted while something else needs it' },
  { id: 'claim', label: 'Claims and composite resources', hint: 'What application teams ask for' },
  { id: 'insight', label: 'Insight', hint: 'Status, resource trees, diagnosis, previews of changes' },
];
