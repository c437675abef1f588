// kms_key.mjs create | admit KEY_ARN PCR0 [PCR1 PCR2]: makes a key in the stand-in, or lets one
// measured image use it, through AWS's own SDK. The address and the authority come from the environment.
import { CreateKeyCommand, PutKeyPolicyCommand } from '@aws-sdk/client-kms';
import { kmsClient } from '../e2e/clients/aws.mjs';

const [what, KeyId, ...pcrs] = process.argv.slice(2);
const client = await kmsClient();
if (what === 'create') {
  console.log((await client.send(new CreateKeyCommand({ Description: 'enclave-wallet in QEMU' }))).KeyMetadata.Arn);
} else {
  const account = KeyId.split(':')[4];
  const measured = Object.fromEntries(pcrs.map((value, index) => [`kms:RecipientAttestation:PCR${index}`, value]));
  const policy = {
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'Administration', Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${account}:root` },
        Action: ['kms:DescribeKey', 'kms:GetKeyPolicy', 'kms:PutKeyPolicy'], Resource: '*',
      },
      {
        Sid: 'OnlyTheMeasuredImage', Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${account}:root` },
        Action: ['kms:Decrypt', 'kms:GenerateDataKey'], Resource: '*',
        Condition: { StringEqualsIgnoreCase: measured, StringEquals: { 'kms:EncryptionContext:app': 'enw1' } },
      },
    ],
  };
  await client.send(new PutKeyPolicyCommand({ KeyId, PolicyName: 'default', Policy: JSON.stringify(policy) }));
}
