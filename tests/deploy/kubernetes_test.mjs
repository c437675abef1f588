// The manifests of deploy/k8s, rendered and held against Kubernetes' published schemas, against the
// flags and metrics of our programs, and against what the enclave needs.
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { isDeepStrictEqual } from 'node:util';
import { join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { check, end, flagsOf, one, read, refuses, root, skip, unknownFlags } from './checks.mjs';
import { render } from './kustomize.mjs';

const require = createRequire(import.meta.url);
const SCHEMAS = {
  'v1 Namespace': 'CoreV1Namespace', 'v1 ServiceAccount': 'CoreV1ServiceAccount',
  'v1 ConfigMap': 'CoreV1ConfigMap', 'v1 Service': 'CoreV1Service',
  'apps/v1 Deployment': 'AppsV1Deployment',
  'networking.k8s.io/v1 NetworkPolicy': 'NetworkingV1NetworkPolicy',
  'policy/v1 PodDisruptionBudget': 'PolicyV1PodDisruptionBudget',
  'autoscaling/v2 HorizontalPodAutoscaler': 'AutoscalingV2HorizontalPodAutoscaler',
};

// Records which fields a validator looks at. The schemas permit fields that they do not know, so a
// misspelt one shows only in that nobody asked for it.
function watch(value, path, unseen) {
  if (value === null || typeof value !== 'object') return value;
  const children = Array.isArray(value) ? [] : {};
  for (const [name, child] of Object.entries(value)) {
    unseen.add(`${path}/${name}`);
    children[name] = watch(child, `${path}/${name}`, unseen);
  }
  return new Proxy(children, {
    get(target, name) {
      if (typeof name === 'string') unseen.delete(`${path}/${name}`);
      return target[name];
    },
  });
}

function findingsOf(object) {
  const kind = `${object.apiVersion} ${object.kind}`;
  if (!SCHEMAS[kind]) return [`there is no schema for ${kind}`];
  const { validate } = require(join(root, `node_modules/kubernetes-models/_schemas/IoK8sApi${SCHEMAS[kind]}.js`));
  const unseen = new Set();
  const findings = validate(watch(object, '', unseen))
    ? [] : validate.errors.map((error) => `${kind}${error.instancePath}: ${error.message ?? error.keyword} ${JSON.stringify(error.params)}`);
  return [...findings, ...[...unseen].map((path) => `${kind}${path}: no such field`)];
}

const FOLDERS = ['base', 'overlays/irsa', 'overlays/pod-identity'];
const rendered = Object.fromEntries(FOLDERS.map((name) => [name, render(join(root, 'deploy/k8s', name))]));
const get = (objects, kind, name = 'enclave-wallet') =>
  objects.find((object) => object.kind === kind && object.metadata.name === name);
const podOf = (objects) => get(objects, 'Deployment').spec.template.spec;
const containerOf = (objects, name) => podOf(objects).containers.find((container) => container.name === name);
const copy = (value) => structuredClone(value);

for (const folder of FOLDERS) {
  await check(`${folder}: every object fits its published schema`, () => rendered[folder].flatMap(findingsOf));
}
await refuses('a field of the wrong type', () => {
  const broken = copy(get(rendered.base, 'Deployment'));
  broken.spec.template.spec.containers[0].ports[0].containerPort = '8443';
  return findingsOf(broken);
});
await refuses('a misspelt field', () => {
  const broken = copy(get(rendered.base, 'Deployment'));
  broken.spec.template.spec.containers[0].readynessProbe = {};
  return findingsOf(broken);
});
await refuses('a missing field', () => {
  const broken = copy(get(rendered.base, 'Deployment'));
  delete broken.spec.selector;
  return findingsOf(broken);
});

const hasKubectl = (() => {
  try {
    return Boolean(execFileSync('kubectl', ['kustomize', '--help'], { stdio: 'pipe' }));
  } catch {
    return false;
  }
})();
if (hasKubectl) {
  for (const folder of FOLDERS) {
    await check(`${folder}: kubectl renders the same`, () => {
      const text = execFileSync('kubectl', ['kustomize', join(root, 'deploy/k8s', folder)], { encoding: 'utf8' });
      const theirs = parseAllDocuments(text).map((document) => document.toJS());
      const byName = (a, b) => `${a.kind}${a.metadata.name}`.localeCompare(`${b.kind}${b.metadata.name}`);
      return isDeepStrictEqual(theirs.sort(byName), copy(rendered[folder]).sort(byName)) ? [] : ['they differ'];
    });
  }
} else {
  skip('deploy/k8s: no kubectl here to compare our rendering with');
}

await check('every flag and variable is one that the program reads', () => {
  const parent = flagsOf('src/parent/options.c');
  const config = get(rendered.base, 'ConfigMap').data;
  const read = new Set([...parent.values(), 'ENW_KMS_HOST']);
  return [
    ...unknownFlags(containerOf(rendered.base, 'parent').args, parent),
    ...unknownFlags(containerOf(rendered.base, 'proxy').args, flagsOf('src/proxy/settings.c')),
    ...Object.keys(config).filter((name) => !read.has(name)).map((name) => `nothing reads ${name}`),
  ];
});
await check('the autoscaler asks for a gauge that /metrics has', () => {
  const { name } = get(rendered.base, 'HorizontalPodAutoscaler').spec.metrics[0].pods.metric;
  return read('src/parent/probes.c').includes(`{"${name}", "gauge",`) ? [] : [`/metrics has no gauge ${name}`];
});
await check('probes ask for paths that need no token', () => {
  const parent = containerOf(rendered.base, 'parent');
  return ['startupProbe', 'livenessProbe', 'readinessProbe']
    .map((probe) => parent[probe].httpGet.path)
    .filter((path) => !new RegExp(`"${path}", "[a-z]+", ROUTE_OPEN`).test(read('src/parent/routes.c')));
});

// Kubernetes' documentation, "Pod Security Standards", restricted.
function restricted(pod) {
  const findings = [];
  const volumes = ['configMap', 'csi', 'downwardAPI', 'emptyDir', 'ephemeral', 'persistentVolumeClaim', 'projected', 'secret'];
  for (const field of ['hostNetwork', 'hostPID', 'hostIPC']) if (pod[field]) findings.push(`${field} is set`);
  if (pod.securityContext?.runAsNonRoot !== true) findings.push('runAsNonRoot is not set');
  if (pod.securityContext?.runAsUser === 0) findings.push('runs as root');
  if (!['RuntimeDefault', 'Localhost'].includes(pod.securityContext?.seccompProfile?.type)) findings.push('no seccomp profile');
  for (const volume of pod.volumes ?? []) {
    if (!Object.keys(volume).every((name) => name === 'name' || volumes.includes(name))) findings.push(`volume ${volume.name}`);
  }
  for (const container of [...(pod.initContainers ?? []), ...pod.containers]) {
    const context = container.securityContext ?? {};
    if (context.allowPrivilegeEscalation !== false) findings.push(`${container.name}: may gain privileges`);
    if (context.privileged) findings.push(`${container.name}: privileged`);
    if (!context.capabilities?.drop?.includes('ALL') || context.capabilities.add) findings.push(`${container.name}: keeps capabilities`);
    if (context.readOnlyRootFilesystem !== true) findings.push(`${container.name}: writable root`);
    if (!container.resources?.limits?.memory) findings.push(`${container.name}: no memory limit`);
  }
  return findings;
}
await check('the pod obeys the restricted standard', () => restricted(podOf(rendered.base)));
await refuses('a container with capabilities', () => {
  const pod = copy(podOf(rendered.base));
  delete pod.containers[1].securityContext.capabilities;
  return restricted(pod);
});

await check('the enclave gets what its run file asks for', () => {
  const run = JSON.parse(get(rendered.base, 'ConfigMap', 'enclave-run').data['enclave-run.json']);
  const instance = JSON.parse(read('deploy/nitro/enclave-run.json'));
  const { limits, requests } = containerOf(rendered.base, 'enclave').resources;
  const findings = [];
  const same = (what, a, b) => isDeepStrictEqual(a, b) || findings.push(`${what}: ${JSON.stringify(a)} is not ${JSON.stringify(b)}`);
  same('run file', { ...run, eif_path: '' }, { ...instance, eif_path: '' });
  same('huge pages', limits['hugepages-2Mi'], `${run.memory_mib}Mi`);
  for (const name of ['hugepages-2Mi', 'aws.ec2.nitro/nitro_enclaves']) same(name, requests[name], limits[name]);
  same('CID', get(rendered.base, 'ConfigMap').data.ENW_ENCLAVE, `vsock:${run.enclave_cid}:7878`);
  same('image', run.eif_path, one(read('deploy/docker/enclave.Dockerfile'), /COPY \$\{EIF\} (\S+)/));
  same('debug mode', run.debug_mode, false);
  const allocator = parse(read('deploy/nitro/allocator.yaml'));
  same('allocator', [allocator.memory_mib, allocator.cpu_count], [run.memory_mib, run.cpu_count]);
  return findings;
});
await check('enclave, proxy and parent meet at the same ports', () => {
  const { kms_dial, kms_host, listen } = JSON.parse(read('deploy/enclave/enclave.json'));
  const config = get(rendered.base, 'ConfigMap').data;
  const findings = [];
  if (!containerOf(rendered.base, 'proxy').args.includes(`--listener=${kms_dial}=$(ENW_KMS_HOST):443`)) findings.push('proxy');
  if (!read('deploy/systemd/enw-proxy.service').includes(`--listener=${kms_dial}=\${ENW_KMS_HOST}:443`)) findings.push('proxy\'s unit');
  if (config.ENW_KMS_HOST !== kms_host) findings.push('KMS host');
  if (config.ENW_ENCLAVE.split(':')[2] !== listen.split(':')[2]) findings.push('enclave');
  return findings;
});
await check('the device group and the seccomp profile are those of the nodes', () => {
  const template = read('deploy/aws/cloudformation.yaml');
  const pod = podOf(rendered.base);
  const findings = [];
  if (pod.securityContext.supplementalGroups[0] !== Number(one(template, /groupadd --system --gid (\d+) ne/))) findings.push('group');
  const name = one(template, /kubelet\/seccomp\/(\S+) <</);
  if (pod.securityContext.seccompProfile.localhostProfile !== name) findings.push('profile name');
  const onNode = JSON.parse(one(template, /seccomp\/\S+ <<'EOF'\n([\s\S]*?)\n *EOF/));
  if (!isDeepStrictEqual(onNode, JSON.parse(read('deploy/k8s/seccomp.json')))) findings.push('profile');
  return findings;
});

// What an overlay arranges helps only a parent that looks for it, and can reach what it asks then.
const egressOf = (objects) => get(objects, 'NetworkPolicy').spec.egress;
const addressesOf = (objects) =>
  egressOf(objects).flatMap((rule) => rule.to ?? []).flatMap(({ ipBlock }) => (ipBlock ? [ipBlock.cidr] : []));
const parentCode = ['src/parent', 'src/credentials']
  .flatMap((folder) => readdirSync(join(root, folder)).map((name) => read(join(folder, name)))).join('');
for (const folder of FOLDERS.slice(1)) {
  const source = get(rendered[folder], 'Deployment').spec.template.metadata.annotations['enclave-wallet/credentials'];
  await check(`${folder}: the parent reads ${source}`, () =>
    (parentCode.includes(`"${source}"`) ? [] : [`nothing reads ${source}`]));
  await check(`${folder}: instance metadata is out of reach`, () =>
    (addressesOf(rendered[folder]).includes('169.254.169.254/32') ? ['its address is let out'] : []));
}
await refuses('a variable that nothing reads', () => (parentCode.includes('"AWS_NO_SUCH_FILE"') ? [] : ['nothing reads it']));
await refuses('metadata let out, as the base does', () =>
  addressesOf(rendered.base).filter((address) => address === '169.254.169.254/32'));
await check('overlays/irsa: the parent knows its region, and 443 is let out', () => {
  const findings = [];
  if (!get(rendered['overlays/irsa'], 'ConfigMap').data.AWS_REGION) findings.push('no AWS_REGION');
  const ports = egressOf(rendered['overlays/irsa']).flatMap((rule) => rule.ports ?? []).map(({ port }) => port);
  if (!ports.includes(443)) findings.push('443 is not let out');
  return findings;
});
await check('overlays/pod-identity: the agent\'s address is let out, and the parent may ask it over http', () => {
  const allowed = [...read('src/aws/container.c').matchAll(/SLICE_LITERAL\("([^"]+)"\)/g)].map(([, host]) => host);
  const findings = [];
  if (!addressesOf(rendered['overlays/pod-identity']).includes('169.254.170.23/32')) findings.push('not let out');
  if (!allowed.includes('169.254.170.23')) findings.push('refused by the parent');
  return findings;
});
end();
