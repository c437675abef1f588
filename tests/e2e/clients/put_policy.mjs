// put_policy.mjs KEY_ARN PCR0|open: replaces the key's policy by one that admits that measurement alone,
// or, for the reader of records, one that admits the account without any attestation.
import { GetKeyPolicyCommand, PutKeyPolicyCommand } from '@aws-sdk/client-kms';
import { kmsClient } from './aws.mjs';

const [KeyId, pcr0] = process.argv.slice(2);
const client = await kmsClient();
const policy = JSON.parse((await client.send(new GetKeyPolicyCommand({ KeyId, PolicyName: 'default' }))).Policy);
for (const statement of policy.Statement) {
  const condition = statement.Condition?.StringEqualsIgnoreCase;
  if (!condition) continue;
  if (pcr0 === 'open') delete statement.Condition.StringEqualsIgnoreCase;
  else condition['kms:RecipientAttestation:PCR0'] = pcr0;
}
await client.send(new PutKeyPolicyCommand({ KeyId, PolicyName: 'default', Policy: JSON.stringify(policy) }));
