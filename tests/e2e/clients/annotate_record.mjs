// Shows a sealed record (base64 on standard input) as bytes with their meaning, as docs/PROTOCOL.md
// section 5 has them.
import { readFileSync } from 'node:fs';
import { parseRecord } from './record_reader.mjs';

const record = Buffer.from(readFileSync(0, 'utf8').trim(), 'base64');
const parsed = parseRecord(record);
const sealedOffset = record.length - parsed.sealed.length;
const edkOffset = sealedOffset - parsed.edk.length;
const rows = [
  [0, 12, 'ENW1, format 1, an account, its flags'],
  [12, 4, `epoch ${parsed.epoch}`],
  [16, 32, 'account id: SHA-256 of the name'],
  [48, 20, 'address'],
  [72, 8, `version ${parsed.version}`],
  [80, 8, `made ${new Date(Number(parsed.createdMs)).toISOString()}`],
  [96, 32, 'SHA-256 of the ARN of the KMS key'],
  [192, 32, 'salt, new at every seal'],
  [224, 32, 'commitment to the data key'],
  [edkOffset, parsed.edk.length, 'the data key, encrypted by KMS'],
  [sealedOffset, parsed.sealed.length, 'the private key: AES-256-GCM, ciphertext and tag'],
];
for (const [offset, size, meaning] of rows) {
  const hex = record.subarray(offset, offset + Math.min(size, 12)).toString('hex') + (size > 12 ? '…' : '');
  console.log(`     ${String(offset).padStart(5)} ${String(size).padStart(4)}  ${hex.padEnd(26)} ${meaning}`);
}
