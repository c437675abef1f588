// The units of deploy/systemd: systemd's own verdict on their syntax and on their sandbox, and that
// the flags they give exist.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { check, end, flagsOf, read, refuses, root, skip, unknownFlags } from './checks.mjs';

const folder = 'deploy/systemd';
// The exposure that systemd computes, times ten: 0 is the best, 100 a service without any sandbox.
// The enclave's starter needs devices and its user's group.
const UNITS = { 'enw-parent.service': 16, 'enw-proxy.service': 16, 'enw-enclave.service': 34 };
const commandsOf = (text) => [...text.matchAll(/^Exec\w+=(.*)$/gm)].map(([, line]) => line.split(/\s+/));

await check('every flag is one that the program reads', () => [
  ...commandsOf(read(`${folder}/enw-parent.service`)).filter(([path]) => path.endsWith('enw-parent'))
    .flatMap((words) => unknownFlags(words, flagsOf('src/parent/options.c'))),
  ...commandsOf(read(`${folder}/enw-proxy.service`)).filter(([path]) => path.endsWith('enw-proxy')).flatMap((words) => unknownFlags(words, flagsOf('src/proxy/settings.c'))),
]);
await refuses('a flag that the program has not', () => unknownFlags(['/usr/bin/enw-proxy', '--listen=x'], flagsOf('src/proxy/settings.c')));

const has = spawnSync('systemd-analyze', ['--version'], { encoding: 'utf8' });
const version = Number(has.stdout?.match(/^systemd (\d+)/)?.[1] ?? 0);
if (version < 250) {
  skip('deploy/systemd: no systemd-analyze of version 250 or later here');
  end();
}

// A root of its own with the units, what they depend on, and programs that are there.
const work = mkdtempSync(join(tmpdir(), 'enw-units-'));
const place = join(work, 'etc/systemd/system');
mkdirSync(place, { recursive: true });
for (const folder of ['usr/bin', 'usr/lib/enclave-wallet']) mkdirSync(join(work, folder), { recursive: true });
for (const [unit] of Object.entries(UNITS)) cpSync(join(root, folder, unit), join(place, unit));
for (const unit of ['sysinit.target', 'basic.target', 'shutdown.target', 'multi-user.target', 'network-online.target', 'network.target', 'local-fs.target', 'system.slice', '-.slice', 'tmp.mount', '-.mount']) {
  writeFileSync(join(place, unit), unit.endsWith('mount') ? '[Unit]\n[Mount]\nWhat=none\nWhere=/' + (unit === 'tmp.mount' ? 'tmp' : '') + '\n' : '[Unit]\n');
}
writeFileSync(join(place, 'nitro-enclaves-allocator.service'), '[Service]\nType=oneshot\nExecStart=/usr/bin/nitro-cli\n');
for (const name of ['bin/enw-parent', 'bin/enw-proxy', 'bin/nitro-cli', 'bin/install', 'lib/enclave-wallet/enclave-launcher']) {
  writeFileSync(join(work, 'usr', name), '#!/bin/sh\n', { mode: 0o755 });
}
const verify = (unit) => {
  const done = spawnSync('systemd-analyze', ['verify', '--man=no', '--recursive-errors=no', `--root=${work}`, unit], { encoding: 'utf8' });
  return done.status === 0 && !done.stderr ? [] : [`${done.stderr} (exit code ${done.status})`];
};
for (const [unit, threshold] of Object.entries(UNITS)) {
  await check(`${unit}: systemd-analyze verify`, () => verify(unit));
  await check(`${unit}: exposure of at most ${threshold / 10}`, () => {
    const done = spawnSync('systemd-analyze', ['security', '--offline=true', '--no-pager', `--threshold=${threshold}`, join(root, folder, unit)], { encoding: 'utf8' });
    return done.status === 0 ? [] : [`${done.stdout.split('\n').slice(-3).join(' ')} ${done.stderr}`];
  });
}
await check('the drop-in for another distribution\'s files: systemd-analyze verify', () => {
  mkdirSync(join(place, 'enw-proxy.service.d'));
  cpSync(join(root, folder, 'root.conf'), join(place, 'enw-proxy.service.d/root.conf'));
  const findings = verify('enw-proxy.service');
  rmSync(join(place, 'enw-proxy.service.d'), { recursive: true });
  return findings;
});
await refuses('a unit with a misspelt setting', () => {
  writeFileSync(join(place, 'broken.service'), read(`${folder}/enw-proxy.service`).replace('MemoryMax', 'MemoryMaximum'));
  return verify('broken.service');
});
await refuses('a unit whose program is not there', () => {
  writeFileSync(join(place, 'absent.service'), read(`${folder}/enw-proxy.service`).replace('/usr/bin/enw-proxy', '/usr/bin/enw-absent'));
  return verify('absent.service');
});
await refuses('a unit without its sandbox', () => {
  const path = join(work, 'open.service');
  writeFileSync(path, read(`${folder}/enw-proxy.service`).replace(/^(Protect|Private|Restrict|SystemCall)\w+=.*\n/gm, ''));
  const done = spawnSync('systemd-analyze', ['security', '--offline=true', '--no-pager', '--threshold=16', path]);
  return done.status === 0 ? [] : ['too exposed'];
});
rmSync(work, { recursive: true });
end();
