// deploy/docker, as far as it can be checked without a Docker engine: that every instruction and
// argument is known, every file and package exists, nothing runs as root; and the launcher, run with
// a nitro-cli of our own.
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { check, end, read, refuses, root, skip } from './checks.mjs';

const INSTRUCTIONS = ['ARG', 'FROM', 'RUN', 'WORKDIR', 'COPY', 'USER', 'ENTRYPOINT'];
const folder = 'deploy/docker';

function parse(text) {
  const lines = text.replaceAll(/^#.*\n/gm, '').replaceAll(/\\\n/g, ' ').split('\n').filter((line) => line.trim());
  return lines.map((line) => {
    const [word, ...rest] = line.trim().split(/\s+/);
    return { word, rest, line };
  });
}
const packagesOf = (text) => parse(text).filter(({ word }) => word === 'RUN').flatMap(({ line }) =>
  (line.match(/apt-get install (.*?)( &&|$)/)?.[1] ?? '').split(/\s+/).filter((name) => /^[a-z0-9]/.test(name)));

function findingsOf(text) {
  const findings = [], stages = new Set(), given = new Set();
  let user = 'root', entry = null, instructions = parse(text);
  for (const { word, rest, line } of instructions) {
    if (!INSTRUCTIONS.includes(word)) findings.push(`what is ${word}?`);
    for (const [, name] of line.matchAll(/\$\{(\w+)\}/g)) if (!given.has(name)) findings.push(`${name} is no argument`);
    if (word === 'ARG') {
      given.add(rest[0]);
      if (rest[0].includes('=')) findings.push(`${rest[0]}: a default is not pinned by whoever builds`);
    }
    if (word === 'FROM') {
      if (!/^\$\{\w+\}$/.test(rest[0])) findings.push(`${rest[0]} is not pinned by an argument`);
      if (rest[1] === 'AS') stages.add(rest[2]);
      [user, entry] = ['root', null];
    }
    if (word === 'USER') [user] = rest;
    if (word === 'ENTRYPOINT') entry = JSON.parse(line.trim().slice('ENTRYPOINT '.length));
    if (word === 'COPY' && rest[0].startsWith('--from=')) {
      if (!stages.has(rest[0].slice(7))) findings.push(`there is no stage ${rest[0].slice(7)}`);
      if (!instructions.some((one) => one.word === 'RUN' && one.line.includes(rest[1].replace('/build/', '')))) findings.push(`nothing builds ${rest[1]}`);
    } else if (word === 'COPY') {
      const missing = rest.slice(0, -1).filter((name) => !name.startsWith('${') && !existsSync(join(root, name)));
      findings.push(...missing.map((name) => `there is no ${name}`));
    }
  }
  if (!/^[1-9]\d*:[1-9]\d*$/.test(user)) findings.push(`runs as ${user}`);
  if (!Array.isArray(entry)) findings.push('no entry point in exec form');
  if (/\bcurl\b|\bchmod 777\b|--privileged|\bsudo\b/.test(instructions.map(({ line }) => line).join('\n'))) findings.push('downloads or loosens by hand');
  return findings;
}

const names = readdirSync(join(root, folder)).filter((name) => name.endsWith('.Dockerfile'));
for (const name of names) await check(`${name} is well formed`, () => findingsOf(read(join(folder, name))));
const parent = read(join(folder, 'parent.Dockerfile'));
await refuses('an image that runs as root', () => findingsOf(parent.replace(/^USER .*\n/m, '')));
await refuses('a source that is not there', () => findingsOf(parent.replace('COPY src src', 'COPY source src')));
await refuses('a base that is not pinned', () => findingsOf(parent.replace('FROM ${DEBIAN}\n', 'FROM debian:latest\n')));
await refuses('an instruction that is none', () => findingsOf(parent.replace('WORKDIR', 'WORKDIRECTORY')));

await check('what is copied to build is all that the build reads', () => {
  const copied = new Set(parse(parent).filter(({ word, rest }) => word === 'COPY' && !rest[0].startsWith('--')).flatMap(({ rest }) => rest.slice(0, -1)));
  const needed = ['meson.build', 'meson_options.txt', ...[...read('meson.build').matchAll(/run_command\('(\w+)\//g)].map(([, name]) => name), ...[...read('meson.build').matchAll(/^subdir\('(\w+)'\)/gm)].map(([, name]) => name)];
  return needed.filter((name) => existsSync(join(root, name)) && !copied.has(name)).map((name) => `${name} is not copied`);
});

// Debian 13's names; other releases have others, and without package lists apt knows only what is installed.
const release = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '';
const isTrixie = /^ID=debian/m.test(release) && /VERSION_ID="13"/.test(release);
const known = new Set(isTrixie ? execFileSync('apt-cache', ['pkgnames'], { encoding: 'utf8', maxBuffer: 1 << 26 }).split('\n') : []);
if (known.size > 20000) {
  const packages = [...new Set(names.flatMap((name) => packagesOf(read(join(folder, name)))))];
  const missing = (list) => list.filter((name) => !known.has(name)).map((name) => `Debian has no ${name}`);
  await check('every Debian package exists', () => (packages.length > 8 ? missing(packages) : ['too few were found']));
  await refuses('a package that does not exist', () => missing(['libcurl5000']));
} else {
  skip('deploy/docker: package names can be checked on Debian 13 with package lists only');
}

// A nitro-cli whose enclaves are lines of a file.
const work = mkdtempSync(join(tmpdir(), 'enw-launcher-'));
const state = join(work, 'running'), log = join(work, 'log');
writeFileSync(join(work, 'nitro-cli'), `#!/bin/sh
echo "$@" >>${log}
case $1 in
describe-enclaves) if [ -e ${state} ]; then echo '[ { "EnclaveName": "enclave-wallet", "State": "RUNNING" } ]'; else echo '[]'; fi ;;
run-enclave) if [ -e ${work}/broken ]; then echo E26 >&2; exit 1; fi; touch ${state} ;;
terminate-enclave) rm -f ${state} ;;
esac
`);
chmodSync(join(work, 'nitro-cli'), 0o755);
writeFileSync(log, '');
const launch = () => spawn(join(root, folder, 'enclave-launcher'), [join(root, 'deploy/nitro/enclave-run.json')],
  { env: { PATH: `${work}:${process.env.PATH}`, ENCLAVE_POLL_S: '0.05' }, stdio: 'ignore' });
const ended = (child) => new Promise((resolve) => child.on('exit', (code) => resolve(code)));
const until = async (test) => {
  for (let i = 0; i < 200 && !test(); i++) await sleep(25);
  return test();
};
await check('the launcher ends, and fails, when the enclave ends', async () => {
  const child = launch(), end = ended(child);
  if (!(await until(() => existsSync(state)))) return ['no enclave was started'];
  await sleep(200);
  if (child.exitCode !== null) return ['it ended although the enclave runs'];
  rmSync(state);
  const code = await end;
  return code === 1 ? [] : [`exit code ${code}`];
});
await check('SIGTERM ends the enclave and the launcher', async () => {
  const child = launch(), end = ended(child);
  if (!(await until(() => existsSync(state)))) return ['no enclave was started'];
  await sleep(100);
  child.kill('SIGTERM');
  const code = await end;
  return code === 0 && !existsSync(state) ? [] : [`exit code ${code}, enclave ${existsSync(state) ? 'runs' : 'ended'}`];
});
await check('an enclave left over is ended before the new one starts', async () => {
  writeFileSync(state, '');
  writeFileSync(log, '');
  const child = launch(), end = ended(child);
  await until(() => readFileSync(log, 'utf8').includes('run-enclave'));
  const order = readFileSync(log, 'utf8').split('\n').map((line) => line.split(' ')[0]);
  child.kill('SIGTERM');
  await end;
  return order.indexOf('terminate-enclave') >= 0 && order.indexOf('terminate-enclave') < order.indexOf('run-enclave') ? [] : order;
});
await check('the launcher fails when no enclave can be started', async () => {
  writeFileSync(join(work, 'broken'), '');
  const code = await ended(launch());
  return code > 0 ? [] : [`exit code ${code}`];
});
rmSync(work, { recursive: true });
if (!(statSync(join(root, folder, 'enclave-launcher')).mode & 0o111)) throw new Error('not executable');
end();
