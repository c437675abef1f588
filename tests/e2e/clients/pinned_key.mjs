// pinned_key.mjs SOCKET ARN: asks the enclave to create accounts under keys that are not pinned.
import { strict as assert } from 'node:assert';
import { Enclave, SECTION, TYPE, accountId, credentialsSection } from './enwf.mjs';
import { instanceCredentials } from './aws.mjs';

const [path, arn] = process.argv.slice(2);
const credentials = credentialsSection(await instanceCredentials());
const foreign = [
  arn.replace(/.$/, (last) => (last === '0' ? '1' : '0')),
  arn.slice(0, -1), arn + '0', arn.toUpperCase(), arn.split('/')[1], 'alias/wallet',
  'arn:aws:kms:eu-west-1:999999999999:key/1234abcd-12ab-34cd-56ef-1234567890ab',
];
for (const key of foreign) {
  const enclave = new Enclave(path);
  const reply = await enclave.call(TYPE.CREATE, [[SECTION.CREDENTIALS, credentials], [SECTION.KEY_ARN, Buffer.from(key)],
    [SECTION.ACCOUNT_ID, accountId('mallory')]]);
  enclave.close();
  assert.equal(reply?.type, TYPE.ERROR, `${key} was accepted`);
  assert.ok([1, 2].includes(reply.error.kind), `${key}: ${reply.error.sentence}`);
  console.log(`${key}: ${reply.error.sentence}`);
}
