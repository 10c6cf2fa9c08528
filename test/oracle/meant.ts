/** A difference that is meant: the only file in which one is excused. */
export interface MeantDifference {
  /** Matches `area: scenario`. */
  scenario: RegExp;
  /** Matches the place of the difference (compare.ts). */
  where: RegExp;
  /** One sentence for users, in docs/fidelity.md. */
  reason: string;
}

export const meantDifferences: readonly MeantDifference[] = [
  {
    scenario: /^openapi: the document of \S+ by its hash$/,
    where: /^header (cache-control|expires)$/,
    reason:
      'An OpenAPI document that is asked for by its hash is not marked as cacheable for a year: kube-apiserver marks every answer it passes on as not to be cached, and clients ask again by ETag.',
  },
  {
    scenario: /^openapi: the document of \S+ by a hash that has passed$/,
    where:
      /^(status|layout|body\.message|header (accept-ranges|content-type|etag|last-modified|location|vary|cache-control|expires))$/,
    reason:
      'An OpenAPI document that is asked for by an old hash is answered as it is now, where a local one redirects: kube-apiserver passes no redirect on.',
  },
  {
    scenario: /^openapi: the document of \S+ as protobuf$/,
    where: /^(status|layout|body\.message|header (accept-ranges|content-type|etag|last-modified|vary))$/,
    reason:
      'OpenAPI v3 documents come in JSON only (406 for protobuf alone), the form that kubectl and client-go ask for.',
  },
  {
    scenario: /^create: a name of 64 characters where the CRD has no limit$/,
    where: /^(status|body\.message)$/,
    reason:
      'A claim has a name of at most 63 characters, as Crossplane itself demands, also where a CRD was changed to allow more.',
  },
  {
    scenario: /^validation: annotations as large as they may be, beside owners and a connection secret$/,
    where: /^(status|body\.message)$/,
    reason:
      'Owners and the name of the connection secret are kept in annotations on the control plane, and count in the 256 KiB that all annotations of an object may have.',
  },
  {
    scenario: /^validation: the connector's own labels and annotations$/,
    where: /mcp-connector(\.upbound|-k8s)\.io\//,
    reason:
      "The connector's own labels and annotations cannot be set from the app cluster: they say whose the object is.",
  },
  {
    scenario: /^validation: ownerReferences with one uid twice, and other names$/,
    where: /^body\.metadata\.ownerReferences/,
    reason: 'Of two owners with the same uid the last one is kept: only one of them can exist.',
  },
  {
    scenario: /^validation: ownerReferences with a uid that is no uid$/,
    where: /^(status$|body\.)/,
    reason:
      'An owner whose uid is not of letters, digits, dots, dashes and underscores is refused: no API server gives out such a uid.',
  },
  {
    scenario: /^resource-ref: set /,
    where: /^(status|body\.message)$/,
    reason:
      'A claim cannot name its composite resource, since all app clusters share those of the control plane (`--allow-resource-ref` lets it).',
  },
  {
    scenario: /^resource-ref: .*left out by /,
    where: /^body\.(metadata\.generation|metadata\.managedFields.*f:compositionRef|spec\.compositionRef)$/,
    reason:
      'A PUT or a patch cannot drop the references that Crossplane keeps in a claim: without them it would make a second composite resource and leak the first.',
  },
  {
    scenario: /^status: (replaced, with changes of everything else|patched)$/,
    where: /^body\.metadata\.managedFields\[\d\]\.fieldsV1\.f:metadata\.f:labels(\.\.)?$/,
    reason:
      "After a write of the status that names other labels, managedFields may show the labels as a whole under another manager than a local CRD would: the connector's own labels keep the map with its first one.",
  },
  {
    scenario: /^watch: Accept: application\/vnd\.kubernetes\.protobuf;as=PartialObjectMetadata/,
    where: /^(header content-type|frames\[0\])$/,
    reason:
      'A watch of metadata comes in JSON, not in protobuf: metadata clients take JSON as well and get it, and 406 says so to who does not.',
  },
  {
    scenario: /^watch: a collection that is deleted$/,
    where: /^frames\[\d\]\.object\.metadata\.name$/,
    reason:
      'The objects of a collection are deleted in the order of their names on the control plane, which is not that of their own names.',
  },
  {
    scenario: /^delete: a policy for what is on its way out$/,
    where: /^body\.metadata\.finalizers\.length$/,
    reason:
      'Orphan or Foreground counts in the first delete of an object: no API server takes a new finalizer for what is on its way out already.',
  },
  {
    scenario: /^delete: finalizers of a policy that stand there already$/,
    where:
      /^body\.metadata\.managedFields\[0\]\.fieldsV1\.f:metadata\.f:finalizers\.v:"(orphan|foregroundDeletion)"$/,
    reason:
      'A delete that takes away an `orphan` or `foregroundDeletion` set by hand takes it out of managedFields too, where a local CRD still names it.',
  },
  {
    scenario: /^list: a full page with nothing selected behind it$/,
    where: /^body\.metadata\.continue$/,
    reason:
      'The last page of a selection has no continue token, where a local CRD gives one that can lead to an empty page: it counts objects that the selector leaves out.',
  },
  {
    scenario: /^negotiation: metadata in protobuf( alone)?: /,
    where: /^(status|header content-type|layout|body|body\.message)$/,
    reason:
      'Metadata comes in JSON or YAML, not in protobuf: metadata clients take JSON as well and get it, and 406 says so to who does not.',
  },
  {
    scenario: /^read: paths with an empty segment$/,
    where: /^(status|layout|body\.message|header (content-type|x-content-type-options))$/,
    reason:
      'A path with an empty segment is refused (400), where kube-apiserver finds nothing (404): no two readers must take a path for two things, and a wrong 404 deletes what depends on a claim.',
  },
  {
    scenario: /^(apply: conflicts with an update|json patch: (the status subresource|options))$/,
    where: /^body\.metadata\.managedFields\[\d\]\.fieldsV1\.f:metadata\.f:labels(\.\.)?$/,
    reason:
      'When the one who created a claim has lost all labels of its own to others, managedFields no longer names it as the one who made the map of labels.',
  },
  {
    scenario: /^managed fields: the map of annotations, around a secret$/,
    where: /^body\.metadata\.managedFields/,
    reason:
      'The name of the connection secret is kept in an annotation, so that managedFields may name the one who made the map of annotations longer than a local CRD does.',
  },
  {
    scenario: /^apply: an apply that sets nothing$/,
    where: /^body\.metadata\.resourceVersion$/,
    reason:
      "An apply that sets nothing still shares the connector's hidden labels, which Kubernetes would drop with the last one to own them, so that the first such apply of a manager is a change.",
  },
  {
    scenario: /^apply: labels that are null$/,
    where: /^body\.metadata\.(managedFields\[0\]\.fieldsV1\.f:metadata|resourceVersion)/,
    reason:
      "An apply that sets its labels to null does not become the owner of an empty map of labels: the connector's own stand in it.",
  },
  {
    scenario: /^apply: owners of two appliers, in no order$/,
    where: /^body\.metadata\.ownerReferences\[\d\]\.(name|uid)$/,
    reason:
      'Owners that several appliers have set come in the order of their uids, not in the order of the applies.',
  },
  {
    scenario:
      /^(list: .*gzip.*|list: .*compress.*|body: .*|validation: annotations as large as they may be.*)$/,
    where: /^header (content-encoding|vary)$/,
    reason:
      'Answers above 128 KiB are not compressed: kube-apiserver asks for it on behalf of everybody, and a long list took twice the time of a direct one with it.',
  },
];
