/** What can stand in the way of an adoption. */
export const adoptionBlockers = [
  'NotBound',
  'Deleting',
  'Dangling',
  'BoundToAnother',
  'VersionMismatch',
  'InUse',
  'ForeignFinalizer',
  'ExternalSecretStore',
  'CreationPending',
  'NotSynced',
  'NotManaged',
  'InAppCluster',
  'NotPaused',
  'KindMissing',
  'SchemaDiffers',
  'CompositionDiffers',
  'FunctionDiffers',
  'ProviderConfigMissing',
  'ProviderConfigDiffers',
  'EnvironmentDiffers',
  'CrossplaneDiffers',
  'ReadsClaim',
  'NameTaken',
  'SecretExists',
  'Refused',
] as const;
export type AdoptionBlockerReason = (typeof adoptionBlockers)[number];

/** Those that are somebody's to judge. The others would break something, or cannot be carried out. */
export const ignorableBlockers: readonly AdoptionBlockerReason[] = [
  'NotSynced',
  'NotManaged',
  'NotPaused',
  'SchemaDiffers',
  'ProviderConfigDiffers',
  'EnvironmentDiffers',
  'CrossplaneDiffers',
  'ReadsClaim',
];

export interface AdoptionBlocker {
  reason: AdoptionBlockerReason;
  /** One sentence for people, with what to do. */
  message: string;
}
