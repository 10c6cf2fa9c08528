#!/usr/bin/env bash
# Takes the documents of this folder from a real kube-apiserver (kubectl's current context) that has Crossplane 1.20 with
# an XRD of group k8s.starter.org, and the CRDs of schema-features.crds.yaml. Last taken from Kubernetes v1.34.4.
#   capture.sh crossplane k8s.starter.org v1alpha1
#   capture.sh features features.example.org v1 v1beta2 v1beta10
# features/terminating.*: the same of arbors, after `kubectl delete crd` while an Arbor with a finalizer is left.
# What is trimmed away, and nothing else is changed: what belongs to other groups; managedFields; under `features` also
# the descriptions within io.k8s definitions, and all paths of kinds other than Garden but the shortest.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd); name=$1 group=$2; shift 2
raw=$(mktemp -d); kubectl proxy --port=18457 >"$raw/proxy.log" & proxy=$!; trap 'kill $proxy; rm -r "$raw"' EXIT; sleep 1
mkdir -p "$here/$name"
kubectl get crd -o json >"$raw/crds.json"
curl -sfH 'Accept: application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList' 127.0.0.1:18457/apis >"$raw/discovery.json"
kubectl get --raw "/apis/$group" >"$here/$name/group.json"
kubectl get --raw /openapi/v2 >"$raw/openapi-v2.json"
for version in "$@"; do
  kubectl get --raw "/apis/$group/$version" >"$here/$name/$version.resources.json"
  kubectl get --raw "/openapi/v3/apis/$group/$version" >"$raw/$version.openapi-v3.json"
done
"$here/../../../node_modules/.bin/node" - "$raw" "$here/$name" "$group" <<'JS'
const [, , raw, out, group] = process.argv;
const { readdirSync, readFileSync, writeFileSync } = require('node:fs');
const keepDigits = (key, value, { source }) =>
  typeof value === 'number' && String(value) !== source ? JSON.rawJSON(source) : value;
const trimmed = out.endsWith('features');
const reversed = `${group.split('.').reverse().join('.')}.`;

const trim = {
  crds(list) {
    list.items = list.items.filter((crd) => crd.spec.group === group);
    for (const crd of list.items) delete crd.metadata.managedFields;
  },
  discovery(list) {
    list.items = list.items.filter((item) => item.metadata.name === group);
  },
  openapi(document) {
    for (const path of Object.keys(document.paths)) {
      const mine = path.startsWith(`/apis/${group}/`);
      const needed = !trimmed || path.includes('/gardens') || path.split('/').length === 5;
      if (!mine || !needed) delete document.paths[path];
    }
    const sections = document.components ?? { definitions: document.definitions, parameters: document.parameters };
    const definitions = sections.schemas ?? sections.definitions;
    const used = new Set(Object.keys(definitions).filter((key) => key.startsWith(reversed)));
    const visit = (node) => {
      if (typeof node !== 'object' || node === null) return;
      for (const [key, value] of Object.entries(node)) {
        const target = key === '$ref' && typeof value === 'string' ? value.split('/').at(-1) : undefined;
        if (target === undefined) visit(value);
        else if (!used.has(target)) visit([used.add(target), definitions[target] ?? sections.parameters?.[target]]);
      }
    };
    visit([document.paths, [...used].map((key) => definitions[key])]);
    for (const section of Object.values(sections)) {
      for (const key of Object.keys(section)) if (!used.has(key)) delete section[key];
    }
    if (trimmed) for (const [key, value] of Object.entries(definitions)) if (key.startsWith('io.k8s.')) cut(value);
  },
};
function cut(node) {
  if (typeof node !== 'object' || node === null) return;
  if (typeof node.description === 'string') delete node.description;
  Object.values(node).forEach(cut);
}

for (const file of readdirSync(raw).filter((each) => each.endsWith('.json'))) {
  const document = JSON.parse(readFileSync(`${raw}/${file}`, 'utf8'), keepDigits);
  trim[file.includes('openapi') ? 'openapi' : file.split('.')[0]](document);
  writeFileSync(`${out}/${file}`, JSON.stringify(document));
}
JS
