// checks.mjs: what the tests of deploy/ share. Each check prints a line that tools/check counts.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
export const read = (path) => readFileSync(join(root, path), 'utf8');

let failed = 0;

// check WHAT, BODY: BODY returns findings, each a sentence; none is well.
export async function check(what, body) {
  let findings;
  try {
    findings = (await body()) ?? [];
  } catch (error) {
    findings = [error.stack];
  }
  console.log(findings.length ? `[  FAILED  ] ${what}` : `[       OK ] ${what}`);
  for (const finding of findings) console.log(`  ${finding}`);
  failed += findings.length ? 1 : 0;
}

export const skip = (why) => console.log(`skipped: ${why}`);

// refuses WHAT, BODY: the opposite: a check that must find something, lest it be blind.
export const refuses = (what, body) =>
  check(`refuses ${what}`, async () => ((await body()).length ? [] : ['it found nothing wrong']));

export function end() {
  if (failed) console.log(` ${failed} FAILED TEST(S)`);
  process.exit(failed ? 1 : 0);
}

// The first of TEXT's matches of PATTERN, which must be there.
export function one(text, pattern) {
  const found = text.match(pattern);
  if (!found) throw new Error(`nothing matches ${pattern}`);
  return found[1];
}

// The flags of a program, as its table in C names them: name -> environment variable or null.
export function flagsOf(path) {
  const flags = new Map();
  for (const [, entry] of read(path).matchAll(/\{\.name = ("[\s\S]*?)\},?\n/g)) {
    flags.set(one(entry, /^"([a-z0-9-]+)"/), entry.match(/\.environment = "([A-Z0-9_]+)"/)?.[1] ?? null);
  }
  return flags;
}

// Findings about a command line's flags that the program does not have.
export function unknownFlags(words, flags) {
  return words
    .filter((word) => word.startsWith('--'))
    .map((word) => word.slice(2).split('=')[0])
    .filter((name) => !flags.has(name))
    .map((name) => `there is no flag --${name}`);
}
