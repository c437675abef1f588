// make_record_vectors.mjs: known answers for sealed records, made from docs/PROTOCOL.md (sections 4
// to 6) with Node's own cryptography and nothing of this project. Prints record_vectors.json; with a
// folder as its argument it also writes the fuzzers' sealed records there.
//
// To run it again: node tests/unit/wallet/make_record_vectors.mjs tests/fuzz/corpus/record > tests/unit/wallet/record_vectors.json
import { createCipheriv, createECDH, createHash, createHmac } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const bytes = (...parts) => Buffer.concat(parts.map((part) => Buffer.from(part)));
const sha256 = (...parts) => createHash('sha256').update(bytes(...parts)).digest();
const hmac = (key, ...parts) => createHmac('sha256', key).update(bytes(...parts)).digest();
const u16 = (value) => Buffer.from([value >> 8, value & 255]);
const u32 = (value) => { const out = Buffer.alloc(4); out.writeUInt32BE(value); return out; };
const u64 = (value) => { const out = Buffer.alloc(8); out.writeBigUInt64BE(BigInt(value)); return out; };
// Bytes that anybody can make again.
const filler = (text, size) => {
  const blocks = [];
  for (let i = 0; blocks.length * 32 < size; i++) blocks.push(sha256(`${text} ${i}`));
  return Buffer.concat(blocks).subarray(0, size);
};

// Addresses of known private keys; the public keys are checked below, and ethers agrees with both.
const KEYS = {
  '4646464646464646464646464646464646464646464646464646464646464646': '9d8a62f656a8d1615c1294fd71e9cfb3e4855a4f',
  '0000000000000000000000000000000000000000000000000000000000000001': '7e5f4552091a69125d5dfcb7b8c2659029395bdf',
};

function seal(account) {
  const id = sha256('ENW1 account name v1', Buffer.alloc(16), account.name);
  const arn = account.arn.replace(/^(arn:[^:]+:kms:)[^:]+(:[^:]+:key\/mrk-.*)$/, '$1$2');
  const priv = Buffer.from(account.priv, 'hex');
  const ecdh = createECDH('secp256k1');
  ecdh.setPrivateKey(priv); // refuses what is no key
  const policy = filler(`policy of ${account.name}`, account.policySize);
  const edk = filler(`edk of ${account.name}`, account.edkSize);
  const salt = filler(`salt of ${account.name}`, 32);
  const dk = account.dk ?? filler(`data key of ${account.name}`, 32);
  const prevHash = account.prevHash ?? Buffer.alloc(32);
  const context = bytes('ENW1', [1, 1, 1, 1], u32(account.flags), u32(account.epoch), id, Buffer.from(KEYS[account.priv], 'hex'),
    u32(1), u64(account.version), u64(account.createdMs), u64(account.sealedMs), sha256(arn), sha256(policy), prevHash);
  const prk = hmac(salt, dk);
  const expand = (label, size) => hmac(prk, label, context, [1]).subarray(0, size);
  const key = expand('ENW1 aead key v1', 32);
  const nonce = expand('ENW1 aead nonce v1', 12);
  const commit = expand('ENW1 commit v1', 32);
  const clear = bytes(context, salt, commit, u16(edk.length), u16(policy.length), u16(52), u16(0), policy, edk);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  cipher.setAAD(clear);
  const sealed = bytes(cipher.update(bytes([1, 0, 0, 0], priv)), cipher.final(), cipher.getAuthTag());
  const hex = (part) => part.toString('hex');
  return {
    name: account.name, arn: account.arn, environment: 'prod', flags: account.flags, epoch: account.epoch, version: account.version,
    created_ms: account.createdMs, sealed_ms: account.sealedMs, account_id: hex(id), address: KEYS[account.priv], priv: account.priv,
    dk: hex(dk), salt: hex(salt), edk: hex(edk), policy: hex(policy), prev_hash: hex(prevHash), kms_key_hash: hex(sha256(arn)),
    aead_key: hex(key), aead_nonce: hex(nonce), commit: hex(commit), record: hex(bytes(clear, sealed)),
    encryption_context: { acct: hex(id), app: 'enw1', env: 'prod', epoch: String(account.epoch), kind: '1' },
  };
}

const plain = {
  name: 'treasury', arn: 'arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab', flags: 0, epoch: 7, version: 1,
  createdMs: 1700000000000, sealedMs: 1700000000000, policySize: 0, edkSize: 184, priv: '46'.repeat(32),
};
const records = [
  plain,
  { ...plain, name: 'user:7@example.org', arn: 'arn:aws:kms:us-east-2:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab', priv: '00'.repeat(31) + '01' },
  { ...plain, name: 'n'.repeat(128), flags: 0x13, epoch: 4294967295, version: 2, sealedMs: 1700000000999, policySize: 340, edkSize: 1, prevHash: sha256('before') },
].map(seal);
console.log(JSON.stringify({ note: 'made by make_record_vectors.mjs; toy keys', records }, null, 1));

if (process.argv[2]) {
  const dk = Buffer.concat([Buffer.from([0xd0, 1, 2, 3]), Buffer.alloc(28)]); // the fuzz target's own
  const write = (file, record) => writeFileSync(join(process.argv[2], file), record);
  const of = (account) => Buffer.from(seal({ ...account, dk }).record, 'hex');
  write('ours', of(plain));
  write('ours-with-policy', of({ ...plain, policySize: 16 }));
  write('ours-multi-region', of({ ...plain, arn: records[1].arn, version: 9, flags: 1 }));
  const changed = of(plain);
  changed[changed.length - 1] ^= 1;
  write('tag-changed', changed);
  const unversioned = of(plain);
  unversioned.fill(0, 72, 80);
  write('version-zero', unversioned);
}
