// record_reader.mjs KEY_ARN ENVIRONMENT: opens a sealed record by hand, as docs/PROTOCOL.md sections 4
// to 6 and 10 describe it, with nothing of this project: the record as base64 on standard input, the
// data key from KMS. It needs a key policy that lets it; the stand's own policy does not. Prints the
// record's fields, and the private key's address as ethers derives it.
import { createDecipheriv, createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { strict as assert } from 'node:assert';
import { DecryptCommand } from '@aws-sdk/client-kms';
import { SigningKey, computeAddress } from 'ethers';
import { kmsClient } from './aws.mjs';

const sha256 = (...parts) => createHash('sha256').update(Buffer.concat(parts.map((p) => Buffer.from(p)))).digest();
const hmac = (key, ...parts) => createHmac('sha256', key).update(Buffer.concat(parts.map((p) => Buffer.from(p)))).digest();
// HKDF-Expand (RFC 5869) for up to 32 bytes: one block is enough.
const expand = (prk, info, size) => hmac(prk, info, Buffer.from([1])).subarray(0, size);

// A multi-Region key is one key in every Region: the record names it without the Region.
export const kmsKeyHash = (arn) => sha256(arn.replace(/^(arn:[^:]+:kms:)[^:]*(:[^:]+:key\/mrk-)/, '$1$2'));

export function parseRecord(record) {
  assert.equal(record.subarray(0, 4).toString(), 'ENW1');
  assert.equal(record[4], 1, 'format');
  assert.equal(record[5], 1, 'kind');
  assert.equal(record[6], 1, 'suite');
  assert.ok(record.readBigUInt64BE(72) >= 1n, 'version');
  const edkSize = record.readUInt16BE(256);
  const policySize = record.readUInt16BE(258);
  const sealedSize = record.readUInt16BE(260);
  assert.equal(record.readUInt16BE(262), 0, 'reserved');
  assert.equal(record.length, 264 + policySize + edkSize + sealedSize, 'length');
  const edkOffset = 264 + policySize;
  const sealedOffset = edkOffset + edkSize;
  return {
    epoch: record.readUInt32BE(12),
    account: record.subarray(16, 48),
    address: record.subarray(48, 68),
    curve: record.readUInt32BE(68),
    version: record.readBigUInt64BE(72),
    createdMs: record.readBigUInt64BE(80),
    kmsKeyHash: record.subarray(96, 128),
    policyHash: record.subarray(128, 160),
    salt: record.subarray(192, 224),
    commit: record.subarray(224, 256),
    policy: record.subarray(264, edkOffset),
    edk: record.subarray(edkOffset, sealedOffset),
    sealed: record.subarray(sealedOffset),
    context: record.subarray(0, 192),
    additional: record.subarray(0, sealedOffset),
  };
}

export function openRecord(parsed, dataKey) {
  const prk = hmac(parsed.salt, dataKey);
  const key = expand(prk, Buffer.concat([Buffer.from('ENW1 aead key v1'), parsed.context]), 32);
  const nonce = expand(prk, Buffer.concat([Buffer.from('ENW1 aead nonce v1'), parsed.context]), 12);
  const commit = expand(prk, Buffer.concat([Buffer.from('ENW1 commit v1'), parsed.context]), 32);
  assert.ok(timingSafeEqual(commit, parsed.commit), 'commitment');
  const cipher = createDecipheriv('aes-256-gcm', key, nonce);
  cipher.setAAD(parsed.additional);
  cipher.setAuthTag(parsed.sealed.subarray(-16));
  const plain = Buffer.concat([cipher.update(parsed.sealed.subarray(0, -16)), cipher.final()]);
  assert.equal(plain[0], 1, 'plaintext version');
  assert.ok(parsed.policyHash.equals(sha256(parsed.policy)), 'policy hash');
  return plain.subarray(4, 36);
}

export function encryptionContext(parsed, environment) {
  return {
    app: 'enw1',
    env: environment,
    kind: '1',
    acct: parsed.account.toString('hex'),
    epoch: String(parsed.epoch),
  };
}

if (process.argv[1].endsWith('record_reader.mjs')) {
  const [keyArn, environment, name] = process.argv.slice(2);
  const parsed = parseRecord(Buffer.from(readFileSync(0, 'utf8').trim(), 'base64'));
  assert.ok(parsed.kmsKeyHash.equals(kmsKeyHash(keyArn)), 'KMS key');
  assert.ok(parsed.account.equals(sha256('ENW1 account name v1', Buffer.alloc(16), name)), 'account id');
  const reply = await (await kmsClient()).send(new DecryptCommand({
    KeyId: keyArn, CiphertextBlob: parsed.edk, EncryptionContext: encryptionContext(parsed, environment),
  }));
  const key = openRecord(parsed, Buffer.from(reply.Plaintext));
  const address = computeAddress(new SigningKey(key));
  assert.equal(address.toLowerCase(), '0x' + parsed.address.toString('hex'));
  console.log(JSON.stringify({ address, privateKey: '0x' + key.toString('hex'), epoch: parsed.epoch, version: Number(parsed.version) }));
}
