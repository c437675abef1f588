// frames.mjs SOCKET RECORD_BASE64 NAME OTHER_NAME: what a parent that means ill may send to the enclave.
// Each attempt must be answered by an error or a close, and the enclave must serve the next call.
import { strict as assert } from 'node:assert';
import { Enclave, SECTION, TYPE, accountId, credentialsSection, frame, status } from './enwf.mjs';
import { instanceCredentials } from './aws.mjs';

const [path, recordText, name, otherName] = process.argv.slice(2);
const record = Buffer.from(recordText, 'base64');
const credentials = credentialsSection(await instanceCredentials());
const message = Buffer.from('hello');
const sign = (sealed = record, account = accountId(name), body = message) => [
  [SECTION.RECORD, sealed], [SECTION.CREDENTIALS, credentials], [SECTION.ACCOUNT_ID, account], [SECTION.BODY, body]];

async function answer(type, sections) {
  const enclave = new Enclave(path);
  const reply = await enclave.call(type, sections);
  enclave.close();
  return reply;
}

async function alive() {
  const reply = await answer(TYPE.SIGN_MESSAGE, sign());
  assert.equal(reply.type, TYPE.SIGN_MESSAGE | 0x80, reply.error?.sentence);
}

// Sends bytes and ends; the enclave answers with an error frame or closes, and never with a success.
async function refusesBytes(what, bytes) {
  const enclave = new Enclave(path);
  enclave.write(bytes);
  enclave.end();
  for (;;) {
    const reply = await enclave.next();
    if (reply === null) break;
    assert.equal(reply.type, TYPE.ERROR, what);
  }
  enclave.close();
}

async function refuses(what, kind, sections, type = TYPE.SIGN_MESSAGE) {
  const reply = await answer(type, sections);
  assert.ok(reply, `${what}: closed without a word`);
  assert.equal(reply.type, TYPE.ERROR, `${what}: was served`);
  if (kind) assert.equal(reply.error.kind, kind, `${what}: ${reply.error.sentence}`);
  return reply.error.sentence;
}

await alive();

// The account is warm now, so KMS need not be asked, and no credentials are needed.
const bare = await answer(TYPE.SIGN_MESSAGE, sign().filter(([id]) => id !== SECTION.CREDENTIALS));
assert.equal(bare.type, TYPE.SIGN_MESSAGE | 0x80, bare.error?.sentence);
console.log('a warm account, without credentials: signed');

// A frame cut at every byte.
const whole = frame(TYPE.SIGN_MESSAGE, 9, sign());
for (let size = 1; size < whole.length; size++) {
  await refusesBytes(`cut after ${size} bytes`, whole.subarray(0, size));
}
console.log(`a frame of ${whole.length} bytes, cut after each of them: refused`);

// Lengths that lie, in the header and in sections.
for (const lie of [0, 19, 21, whole.length - 1, 196609, 0x7fffffff, 0xffffffff]) {
  const bytes = Buffer.from(whole);
  bytes.writeUInt32BE(lie, 8);
  await refusesBytes(`a total length of ${lie}`, bytes);
}
for (const lie of [0, 1, record.length - 1, record.length + 1, 0xffffffff]) {
  const bytes = Buffer.from(whole);
  bytes.writeUInt32BE(lie, 24);
  await refusesBytes(`a section length of ${lie}`, bytes);
}
for (const [what, at, value] of [['magic', 0, 0x46], ['version', 4, 2], ['type', 5, 99], ['zero field', 6, 1], ['zero in a section', 22, 1]]) {
  const bytes = Buffer.from(whole);
  bytes[at] = value;
  await refusesBytes(`a wrong ${what}`, bytes);
}
console.log('lying lengths and headers: refused');

// Sections repeated, out of order, missing, unknown.
const good = sign();
await refuses('a repeated section', 1, [good[0], good[0], ...good.slice(1)]);
await refuses('sections out of order', 1, [good[1], good[0], good[2], good[3]]);
await refuses('an unknown section', 1, [...good, [99, Buffer.alloc(1)]]);
for (const id of [SECTION.RECORD, SECTION.ACCOUNT_ID, SECTION.BODY]) {
  await refuses(`no section ${id}`, 1, good.filter(([other]) => other !== id));
}
await refuses('a left_ms of three bytes', 1, [...good, [SECTION.LEFT_MS, Buffer.alloc(3)]]);
for (const type of [0, 4, 5, 6, 9, 10, 11, 12, 13, 0x80, 0x83, 0xff]) {
  await refuses(`type ${type}`, null, good, type);
}
console.log('repeated, unordered, missing and unknown sections: refused');

// A record of one account offered for another.
await refuses('a record of another account', 2, sign(record, accountId(otherName)));
console.log('the record of one account for another: refused');

// Any bit of the record flipped. Where that changes the encrypted data key KMS is asked, and refuses;
// few at once, so that each is judged: being too busy would be no judgement.
const BUSY = 6, WINDOW = 16, BIT_COUNT = record.length * 8;
const sentences = new Map();
const enclave = new Enclave(path);
for (let asked = 0, judged = 0; judged < BIT_COUNT; judged++) {
  for (; asked < BIT_COUNT && asked < judged + WINDOW; asked++) {
    const flipped = Buffer.from(record);
    flipped[asked >> 3] ^= 1 << (asked % 8);
    enclave.write(frame(TYPE.SIGN_MESSAGE, asked, sign(flipped)));
  }
  const reply = await enclave.next(60000);
  assert.ok(reply, 'the enclave closed');
  assert.equal(reply.type, TYPE.ERROR, `a record with bit ${reply.id} flipped was served`);
  assert.notEqual(reply.error.kind, BUSY, `bit ${reply.id}: ${reply.error.sentence}`);
  sentences.set(reply.error.sentence, 1 + (sentences.get(reply.error.sentence) ?? 0));
}
enclave.close();
console.log(`${BIT_COUNT} records with one bit flipped, all refused:`);
for (const [sentence, count] of sentences) console.log(`  ${count} times "${sentence}"`);

// A message that would be hashed as something else, and a transaction that is none.
await refuses('an empty transaction', 1, sign(record, accountId(name), Buffer.alloc(0)), TYPE.SIGN_TX);
await refuses('a bare hash as a transaction', 1, sign(record, accountId(name), Buffer.alloc(32, 7)), TYPE.SIGN_TX);
await alive();
const said = await status(path);
assert.ok(said.uptime_ms > 0);
console.log('the enclave still serves');
