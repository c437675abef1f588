// kustomize.mjs FOLDER: what `kustomize build` makes of it, for the few fields that deploy/k8s uses:
// resources, namespace, labels, and patches of JSON 6902. Any other field is refused.
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';

const KNOWN = ['apiVersion', 'kind', 'resources', 'namespace', 'labels', 'patches'];
const CLUSTER_WIDE = ['Namespace'];

const load = (path) => parseAllDocuments(readFileSync(path, 'utf8'), { version: '1.1', merge: true }).map((document) => {
  if (document.errors.length) throw new Error(`${path}: ${document.errors[0]}`);
  return document.toJS();
});

function patchOne(object, { op, path, value }) {
  const names = path.split('/').slice(1).map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~'));
  const last = names.pop();
  const parent = names.reduce((at, name) => {
    if (at?.[name] === undefined) throw new Error(`patch: there is no ${path}`);
    return at[name];
  }, object);
  if (op !== 'add' && parent[last] === undefined) throw new Error(`patch: there is no ${path}`);
  if (op === 'remove') Array.isArray(parent) ? parent.splice(Number(last), 1) : delete parent[last];
  else if (op === 'add' && Array.isArray(parent)) parent.splice(last === '-' ? parent.length : Number(last), 0, value);
  else if (op === 'add' || op === 'replace') parent[last] = value;
  else throw new Error(`patch: ${op} is not known`);
}

export function render(folder) {
  const [plan] = load(join(folder, 'kustomization.yaml'));
  for (const field of Object.keys(plan)) {
    if (!KNOWN.includes(field)) throw new Error(`${folder}: ${field} is not known here`);
  }
  const objects = plan.resources.flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? render(path) : load(path);
  });
  for (const object of objects) {
    if (plan.namespace && !CLUSTER_WIDE.includes(object.kind)) object.metadata.namespace = plan.namespace;
    for (const { pairs } of plan.labels ?? []) object.metadata.labels = { ...object.metadata.labels, ...pairs };
  }
  for (const { target, patch } of plan.patches ?? []) {
    const hit = objects.filter((object) => object.kind === target.kind && object.metadata.name === target.name);
    if (hit.length !== 1) throw new Error(`${folder}: a patch's target is there ${hit.length} times`);
    for (const step of parse(patch)) patchOne(hit[0], step);
  }
  return objects;
}
