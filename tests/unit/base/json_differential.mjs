// Random texts, most of them nearly JSON, judged by JSON.parse and by our reader, which must agree
// but for what our reader refuses beyond the RFC: names that come twice, depth, lone surrogates and
// U+0000. What both read must print alike.
//
//     node tests/unit/base/json_differential.mjs BUILD [COUNT] [SEED]
import { spawnSync } from 'node:child_process';

const [build, count = '20000', seedText = '1'] = process.argv.slice(2);
let state = BigInt(seedText) * 0x9e3779b97f4a7c15n & 0xffffffffffffffffn || 1n;

function random(limit) {
  state ^= state << 13n & 0xffffffffffffffffn;
  state ^= state >> 7n;
  state ^= state << 17n & 0xffffffffffffffffn;
  return Number(state % BigInt(limit));
}

const pick = (list) => list[random(list.length)];
const pieces = ['a', 'b', 'é', '€', '😀', ' ', '\\n', '\\"', '\\\\', '\\/', '\\u0041', '\\u00e9', '\\ud83d\\ude00',
  '\\ud800', '\\udc00', '\\u0000', '\\x', '\\u12', '\u007f', '\t', '\u0001', '[', '}', ',', ':'];
const numbers = ['0', '-0', '7', '-12', '1.5', '1e5', '1E+2', '2e-3', '01', '-', '1.', '.5', '1e', '+1', '0x1', 'NaN',
  '18446744073709551616', '1e400'];

function text() {
  let inside = '';
  for (let i = random(5); i > 0; i--) inside += random(4) ? pick(pieces.slice(0, 13)) : pick(pieces);
  return `"${inside}"`;
}

function value(depth) {
  const kind = random(depth > 4 ? 4 : 7);
  const blank = () => pick(['', '', '', ' ', '\n', '\t\r']);
  if (kind === 0) return random(3) ? pick(numbers.slice(0, 8)) : pick(numbers);
  if (kind === 1) return pick(['true', 'false', 'null']);
  if (kind < 4) return text();
  const items = Array.from({ length: random(4) }, () => (kind === 4 ? '' : text() + blank() + ':') + blank() + value(depth + 1));
  const joined = items.join(blank() + ',' + blank());
  return kind === 4 ? `[${blank()}${joined}${blank()}]` : `{${blank()}${joined}${blank()}}`;
}

function mutated(whole) {
  const bytes = Buffer.from(whole);
  for (let i = random(3); i > 0 && bytes.length > 0; i--) {
    const at = random(bytes.length);
    bytes[at] = random(2) ? random(256) : bytes[random(bytes.length)];
  }
  return random(3) ? Buffer.from(whole) : random(2) ? bytes : bytes.subarray(0, random(bytes.length + 1));
}

function depthOf(node) {
  if (node === null || typeof node !== 'object') return 0;
  return 1 + Math.max(0, ...Object.values(node).map(depthOf));
}

// What JSON.parse makes of the bytes, or undefined.
function judged(bytes) {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    return undefined;
  }
}

// Strings and names of the raw text, to look for what only our reader refuses.
function isBeyond(bytes, node) {
  const strings = [];
  let names = 0;
  const walk = (at) => {
    if (typeof at === 'string') strings.push(at);
    else if (at && typeof at === 'object') {
      for (const [name, inner] of Object.entries(at)) {
        if (!Array.isArray(at)) { strings.push(name); names++; }
        walk(inner);
      }
    }
  };
  walk(node);
  const outside = bytes.toString().replace(/"(?:\\.|[^"\\])*"/gs, '""');
  const colons = (outside.match(/:/g) ?? []).length;
  return depthOf(node) > 32 || colons !== names || strings.some((one) => one.includes('\0') || !one.isWellFormed());
}

const texts = Array.from({ length: Number(count) }, () => mutated(value(0)));
const input = Buffer.concat(texts.map((bytes) => {
  const head = Buffer.alloc(4);
  head.writeUInt32BE(bytes.length);
  return Buffer.concat([head, bytes]);
}));
const run = spawnSync(`${build}/tests/unit/base/json_differential`, { input, maxBuffer: 1 << 30 });
if (run.status !== 0) throw new Error(`json_differential ended with ${run.status ?? run.signal}: ${run.stderr}`);
const answers = run.stdout.toString().split('\n').slice(0, -1);
if (answers.length !== texts.length) throw new Error(`${answers.length} answers to ${texts.length} texts`);

let accepted = 0, beyond = 0, differences = 0;
const numberless = (node) => JSON.stringify(node, (_, at) => (typeof at === 'number' ? 0 : at));
for (let i = 0; i < texts.length; i++) {
  const theirs = judged(texts[i]);
  const ours = answers[i] === 'refused' ? undefined : JSON.parse(answers[i]);
  const isRefusedByUsAlone = theirs !== undefined && ours === undefined;
  if (isRefusedByUsAlone && isBeyond(texts[i], theirs)) beyond++;
  else if ((theirs === undefined) !== (ours === undefined) ||
    (ours !== undefined && (isBeyond(texts[i], theirs) || numberless(ours) !== numberless(theirs)))) {
    differences++;
    console.error(`${JSON.stringify(texts[i].toString())}\n  JSON.parse: ${JSON.stringify(theirs)}\n  ours: ${answers[i]}`);
  } else if (ours !== undefined) accepted++;
}
console.log(`${texts.length} texts: ${accepted} read alike, ${beyond} refused beyond the RFC, ${differences} differences`);
process.exit(differences > 0 || accepted === 0 || beyond === 0 ? 1 : 0);
