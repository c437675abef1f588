// docs/OPERATIONS.md: that what it tells people to type, to watch and to look at exists.
import { createRequire } from 'node:module';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { execFileSync } from 'node:child_process';
import { check, end, flagsOf, read, refuses, root } from './checks.mjs';

const require = createRequire(import.meta.url);
const text = read('docs/OPERATIONS.md');
const sources = (folder) => readdirSync(join(root, folder)).filter((name) => name.endsWith('.c')).map((name) => read(`${folder}/${name}`)).join('');
const blocks = (page) => [...page.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block]) => block);
const inline = (page) => [...page.replaceAll(/^```[\s\S]*?^```$/gm, '').matchAll(/`([^`\n]+)`/g)].map(([, code]) => code);
const everything = (page) => [...blocks(page).map((block) => block.replaceAll('\\\n', ' ')), ...inline(page)];
// Command lines that begin with these words, cut where the next command begins.
const commands = (page, pattern) => everything(page).flatMap((code) =>
  [...code.matchAll(new RegExp(String.raw`(?:^|[\s(;|&])(?:build/src/cli/)?(${pattern} [^|;&\n]*)`, 'g'))].map(([, line]) => line.trim()));

await check('its shell is shell', () => blocks(text).flatMap((block) => {
  try {
    execFileSync('bash', ['-n'], { input: block, stdio: ['pipe', 'pipe', 'pipe'] });
    return [];
  } catch (error) {
    return [`${error.stderr}: ${block.slice(0, 80)}`];
  }
}));

const cli = read('src/cli/program.c');
const known = new Set([...cli.matchAll(/\{\{"(\w+)"(?:, "([\w-]+)")?/g)].map(([, a, b]) => [a, b].filter(Boolean).join(' ')));
const cliFlags = new Set([...cli.matchAll(/\.name = "([a-z0-9-]+)"/g)].map(([, name]) => name));
const enwFindings = (page) => commands(page, 'enw').flatMap((line) => {
  const [, a, b = ''] = line.split(/\s+/);
  const findings = known.has(a) || known.has(`${a} ${b}`) ? [] : [`there is no command: ${line}`];
  const flags = [...line.matchAll(/\s--([a-z0-9-]+)/g)].map(([, name]) => name).filter((name) => !cliFlags.has(name));
  return [...findings, ...flags.map((name) => `${line}: there is no --${name}`)];
});
await check('every command of enw exists', () => (commands(text, 'enw').length > 6 ? enwFindings(text) : ['too few were found']));
await refuses('a command that enw has not', () => enwFindings('`enw key rotate`'));
await refuses('a flag that enw has not', () => enwFindings('`enw health --loudly`'));

// The subcommands of the AWS CLI are the operations of the API in another spelling.
const services = { kms: '@aws-sdk/client-kms', dynamodb: '@aws-sdk/client-dynamodb' };
const awsFindings = (page) => commands(page, 'aws (?:kms|dynamodb)').flatMap((line) => {
  const [, service, operation] = line.split(/\s+/);
  if (operation === 'wait') return [];
  const name = operation.split('-').map((word) => (word === 's3' ? 'S3' : word[0].toUpperCase() + word.slice(1))).join('');
  const client = require(services[service]);
  return client[`${name}Command`] ? [] : [`${line}: no such operation`];
});
await check('every call of KMS and DynamoDB exists', () => (commands(text, 'aws (?:kms|dynamodb)').length > 8 ? awsFindings(text) : ['too few were found']));
await refuses('a call that DynamoDB has not', () => awsFindings('`aws dynamodb restore-everything`'));

const parameters = [...read('deploy/aws/cloudformation.yaml').matchAll(/^ {2}(\w+):\n {4}Type: (?:String|CommaDelimitedList|AWS::SSM)/gm)].map(([, name]) => name);
await check('every parameter of the stack exists', () =>
  [...text.matchAll(/parameter-overrides ([^\n`]*)/g)].flatMap(([, list]) => list.trim().split(/\s+/)).map((one) => one.split('=')[0])
    .filter((name) => !parameters.includes(name)));

const metricsIn = (page) => [...new Set([...page.matchAll(/\b(enw_[a-z_]+[a-z])\b/g)].map(([, name]) => name))];
const metricFindings = (page) => metricsIn(page).filter((name) => !sources('src/parent').includes(`"${name.replace(/_(count|bucket|sum)$/, '')}`));
await check('every metric is exported', () => (metricsIn(text).length > 6 ? metricFindings(text) : ['too few were found']));
await refuses('a metric that is not exported', () => metricFindings('`enw_enclave_mood`'));

await check('every logged event is logged', () => {
  const [section] = text.match(/^## 8\.[\s\S]*?^\| alarm/m);
  const code = ['parent', 'credentials', 'proxy', 'enclave', 'os'].map((room) => sources(`src/${room}`)).join('');
  return inline(section).filter((name) => /^[a-z]+(_[a-z]+)+$/.test(name) && !name.startsWith('enw_') && !code.includes(`"${name}"`));
});
await check('every variable and flag of the programs exists', () => {
  const parent = flagsOf('src/parent/options.c'), proxy = flagsOf('src/proxy/settings.c');
  const variables = new Set([...parent.values(), ...proxy.values(), 'ENW_KMS_HOST', ...[...cli.matchAll(/"(ENW_[A-Z_]+)"/g)].map(([, name]) => name)]);
  const named = [...text.matchAll(/\b(ENW_[A-Z_]+)=/g)].map(([, name]) => name).filter((name) => !variables.has(name));
  const flags = inline(text).filter((code) => /^--[a-z-]+$/.test(code)).map((code) => code.slice(2)).filter((name) => !parent.has(name) && !proxy.has(name));
  return [...named, ...flags];
});
await check('every path of this repository exists', () =>
  [...text.matchAll(/\b((?:deploy|docs|tests|tools)\/[\w./-]*[\w/])/g)].map(([, path]) => path).filter((path) => !existsSync(join(root, path))));
end();
