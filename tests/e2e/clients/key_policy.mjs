// key_policy.mjs KEY_ARN put PCR0,PCR0...: the policy of deploy/aws/key-policy.json for these
// measurements and this stand's environment and epoch; key_policy.mjs KEY_ARN refused: what the role
// of the parent tries without an enclave, one line for each call that is refused.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  DecryptCommand, EncryptCommand, GenerateDataKeyCommand, PutKeyPolicyCommand,
} from '@aws-sdk/client-kms';
import { kmsClient } from './aws.mjs';

const [KeyId, what, list] = process.argv.slice(2);
const client = await kmsClient();
const config = JSON.parse(readFileSync(join(process.env.ENW_STATE, 'enclave.json'), 'utf8'));
const EncryptionContext = { app: 'enw1', env: config.environment, kind: '1', acct: '1'.repeat(64), epoch: String(config.epoch) };

if (what === 'put') {
  const policy = JSON.parse(readFileSync(join(process.env.ROOT, 'deploy/aws/key-policy.json'), 'utf8'));
  const { Condition } = policy.Statement.find(({ Sid }) => Sid === 'UseByMeasuredEnclave');
  Condition.StringEqualsIgnoreCase['kms:RecipientAttestation:PCR0'] = list.split(',');
  Condition.StringEquals['kms:EncryptionContext:env'] = process.env.POLICY_ENV ?? config.environment;
  Condition.StringEquals['kms:EncryptionContext:epoch'] = [String(config.epoch)];
  // Only the administrator's role may change this policy again, and we are not it.
  await client.send(new PutKeyPolicyCommand({ KeyId, PolicyName: 'default', Policy: JSON.stringify(policy), BypassPolicyLockoutSafetyCheck: true }));
} else {
  const sealed = Buffer.from(process.env.EDK ?? '', 'base64');
  const tries = {
    Encrypt: new EncryptCommand({ KeyId, Plaintext: Buffer.alloc(32), EncryptionContext }),
    Decrypt: new DecryptCommand({ KeyId, CiphertextBlob: sealed, EncryptionContext }),
    GenerateDataKey: new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256', EncryptionContext }),
    PutKeyPolicy: new PutKeyPolicyCommand({ KeyId, PolicyName: 'default', Policy: '{"Version":"2012-10-17","Statement":[]}', BypassPolicyLockoutSafetyCheck: true }),
  };
  for (const [name, command] of Object.entries(tries)) {
    const outcome = await client.send(command).then(() => 'served', (error) => error.name);
    console.log(`${name}: ${outcome}`);
  }
}
