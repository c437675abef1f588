// kms_stand_in.mjs: AWS's own SDK as the judge of the KMS and metadata stand-ins: signatures, operations,
// answers and error names must be what the SDK expects of AWS. Prints one line a check.
import assert from 'node:assert/strict';
import {
  CreateKeyCommand, DecryptCommand, DescribeKeyCommand, EncryptCommand, GenerateDataKeyCommand,
  GenerateRandomCommand, GetKeyPolicyCommand, PutKeyPolicyCommand,
} from '@aws-sdk/client-kms';
import { instanceCredentials, kmsClient } from './aws.mjs';

const credentials = await instanceCredentials();
const kms = await kmsClient(credentials);
const bytes = (value) => Buffer.from(value).toString('hex');

async function check(name, run) {
  await run();
  console.log(`- ${name}`);
}

// The call must fail with this error name; delivers the error.
async function refused(name, command, client = kms) {
  try {
    await client.send(command);
  } catch (error) {
    assert.equal(error.name, name, error.message);
    assert.match(error.$metadata.requestId ?? '', /^[0-9a-f-]{36}$/);
    return error;
  }
  throw new Error(`wanted ${name}, got an answer`);
}

const EncryptionContext = { app: 'enw1', env: 'test', 'a "name"': 'ä/\\\n' };
let KeyId;

await check('CreateKey, DescribeKey', async () => {
  const { KeyMetadata } = await kms.send(new CreateKeyCommand({ Description: 'for a "test"' }));
  KeyId = KeyMetadata.Arn;
  assert.match(KeyId, /^arn:aws:kms:eu-west-1:111122223333:key\/[0-9a-f-]{36}$/);
  const found = (await kms.send(new DescribeKeyCommand({ KeyId: KeyMetadata.KeyId }))).KeyMetadata;
  assert.equal(found.Arn, KeyId);
  assert.equal(found.Description, 'for a "test"');
  assert.equal(found.KeyState, 'Enabled');
  assert.ok(Math.abs(found.CreationDate.getTime() - Date.now()) < 60_000);
});

await check('GenerateDataKey and Decrypt give the same key', async () => {
  const made = await kms.send(new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256', EncryptionContext }));
  assert.equal(made.Plaintext.length, 32);
  assert.equal(made.KeyId, KeyId);
  const opened = await kms.send(new DecryptCommand({ CiphertextBlob: made.CiphertextBlob, EncryptionContext }));
  assert.equal(bytes(opened.Plaintext), bytes(made.Plaintext));
  assert.equal(opened.KeyId, KeyId);
  const small = await kms.send(new GenerateDataKeyCommand({ KeyId, NumberOfBytes: 1 }));
  assert.equal(small.Plaintext.length, 1);
});

await check('Encrypt and Decrypt, any bytes', async () => {
  for (const size of [1, 2, 3, 4096]) {
    const Plaintext = Uint8Array.from({ length: size }, (_, i) => (i * 7) & 255);
    const { CiphertextBlob } = await kms.send(new EncryptCommand({ KeyId, Plaintext, EncryptionContext }));
    const opened = await kms.send(new DecryptCommand({ KeyId, CiphertextBlob, EncryptionContext }));
    assert.equal(bytes(opened.Plaintext), bytes(Plaintext));
  }
});

await check('GenerateRandom', async () => {
  const { Plaintext } = await kms.send(new GenerateRandomCommand({ NumberOfBytes: 1024 }));
  assert.equal(Plaintext.length, 1024);
});

await check('error names', async () => {
  const { CiphertextBlob } = await kms.send(new EncryptCommand({ KeyId, Plaintext: Buffer.from('x'), EncryptionContext }));
  await refused('InvalidCiphertextException', new DecryptCommand({ CiphertextBlob, EncryptionContext: { app: 'other' } }));
  await refused('InvalidCiphertextException', new DecryptCommand({ CiphertextBlob: Buffer.from('x') }));
  await refused('NotFoundException', new DescribeKeyCommand({ KeyId: KeyId.replace(/.{4}$/, '0000') }));
  await refused('ValidationException', new GenerateDataKeyCommand({ KeyId }));
  await refused('ValidationException', new GenerateDataKeyCommand({
    KeyId, KeySpec: 'AES_256',
    Recipient: { KeyEncryptionAlgorithm: 'RSAES_OAEP_SHA_256', AttestationDocument: Buffer.from('x') },
  }));
  await refused('MalformedPolicyDocumentException', new PutKeyPolicyCommand({ KeyId, PolicyName: 'default', Policy: '{' }));
  const other = (await kms.send(new CreateKeyCommand({}))).KeyMetadata.Arn;
  await refused('IncorrectKeyException', new DecryptCommand({ KeyId: other, CiphertextBlob, EncryptionContext }));
});

await check('a policy that asks for a measurement keeps everybody else out', async () => {
  const { Policy } = await kms.send(new GetKeyPolicyCommand({ KeyId, PolicyName: 'default' }));
  const policy = JSON.parse(Policy);
  policy.Statement[0].Action = ['kms:PutKeyPolicy', 'kms:GetKeyPolicy'];
  policy.Statement.push({
    Effect: 'Allow', Principal: { AWS: 'arn:aws:iam::111122223333:root' }, Resource: '*',
    Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
    Condition: { StringEqualsIgnoreCase: { 'kms:RecipientAttestation:ImageSha384': 'ab'.repeat(48) } },
  });
  await kms.send(new PutKeyPolicyCommand({ KeyId, PolicyName: 'default', Policy: JSON.stringify(policy) }));
  const error = await refused('AccessDeniedException', new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256' }));
  assert.match(error.message, /^User: arn:aws:sts::111122223333:assumed-role\/.* is not authorized to perform: kms:GenerateDataKey/);
  await refused('AccessDeniedException', new DescribeKeyCommand({ KeyId }));
});

await check('who is not known is refused', async () => {
  const random = new GenerateRandomCommand({ NumberOfBytes: 1 });
  const withChange = (change) => kmsClient({ ...credentials, ...change });
  await refused('UnrecognizedClientException', random, await withChange({ sessionToken: undefined }));
  await refused('UnrecognizedClientException', random, await withChange({ sessionToken: 'A'.repeat(54) }));
  await refused('UnrecognizedClientException', random, await withChange({ accessKeyId: 'ASIAAAAAAAAAAAAAAAAA' }));
  await refused('InvalidSignatureException', random, await withChange({ secretAccessKey: 'x'.repeat(40) }));
});

await check('the metadata service asks for its token', async () => {
  const base = `http://127.0.0.1:${process.env.ENW_IMDS_PORT}`;
  const path = '/latest/meta-data/placement/region';
  assert.equal((await fetch(base + path)).status, 401);
  assert.equal((await fetch(base + path, { headers: { 'X-aws-ec2-metadata-token': 'x' } })).status, 401);
  assert.equal((await fetch(`${base}/latest/api/token`, { method: 'PUT' })).status, 400);
});
