// DynamoDB as others see it: dynalite as the server, AWS's own client as the peer of our store.
//
//   dynamodb.mjs serve           serves on a free loopback port, printed on the first line
//   dynamodb.mjs prepare PORT    makes the table "accounts" with an item of each layout
//   dynamodb.mjs check PORT      reads what our store wrote
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';

const [command, port] = process.argv.slice(2);

async function connect() {
  const sdk = await import('@aws-sdk/client-dynamodb');
  const client = new sdk.DynamoDBClient({
    endpoint: `http://127.0.0.1:${port}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' },
  });
  return { sdk, client };
}

function serve() {
  const dynalite = createRequire(import.meta.url)('dynalite');
  const server = dynalite({ createTableMs: 100 });
  server.listen(0, '127.0.0.1', () => console.log(server.address().port));
}

async function prepare() {
  const { sdk, client } = await connect();
  const key = (name) => [{ AttributeName: name, KeyType: 'HASH' }];
  await client.send(new sdk.CreateTableCommand({
    TableName: 'accounts',
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [
      { AttributeName: 'name', AttributeType: 'S' },
      { AttributeName: 'address', AttributeType: 'S' },
    ],
    KeySchema: key('name'),
    GlobalSecondaryIndexes: [
      { IndexName: 'address-index', KeySchema: key('address'), Projection: { ProjectionType: 'KEYS_ONLY' } },
    ],
  }));
  await sdk.waitUntilTableExists({ client, maxWaitTime: 20, minDelay: 1 }, { TableName: 'accounts' });
  await client.send(new sdk.PutItemCommand({
    TableName: 'accounts',
    Item: {
      name: { S: 'old-timer' },
      key_id: { S: 'arn:aws:kms:us-east-1:111122223333:key/old' },
      encryptedPrivateKey: { S: 'AAAA' },
      address: { S: '0x00000000000000000000000000000000000000a1' },
      encryptedDataKey: { S: 'AAAA' },
    },
  }));
  await client.send(new sdk.PutItemCommand({
    TableName: 'accounts',
    Item: {
      name: { S: 'theirs' },
      record: { B: Uint8Array.from([0, 1, 2, 253, 254, 255]) },
      address: { S: '0x00000000000000000000000000000000000000b2' },
      key_id: { S: 'arn:aws:kms:us-east-1:111122223333:key/new' },
      version: { N: '1' },
      created_at: { S: '2026-01-02T03:04:05Z' },
    },
  }));
}

async function check() {
  const { sdk, client } = await connect();
  const get = async (name) => (await client.send(new sdk.GetItemCommand({
    TableName: 'accounts', Key: { name: { S: name } }, ConsistentRead: true,
  }))).Item;
  const ours = await get('ours');
  assert.deepEqual(Object.keys(ours).sort(), ['address', 'created_at', 'key_id', 'name', 'record', 'version']);
  assert.deepEqual([...ours.record.B], [0xab, 0xab, 0xab]);
  assert.match(ours.address.S, /^0x[0-9a-f]{40}$/);
  assert.equal(ours.version.N, '1');
  const old = await get('old-timer');
  assert.equal(old.encryptedPrivateKey.S, 'AAAA', 'an older item was overwritten');
  const { Table: table } = await client.send(new sdk.DescribeTableCommand({ TableName: 'contract' }));
  assert.equal(table.KeySchema[0].AttributeName, 'name');
  assert.equal(table.GlobalSecondaryIndexes[0].IndexName, 'address-index');
  assert.equal(table.BillingModeSummary?.BillingMode ?? 'PAY_PER_REQUEST', 'PAY_PER_REQUEST');
}

const commands = { serve, prepare, check };
await commands[command]();
