// dynamodb_item.mjs PORT NAME ADDRESS KEY_ARN: the item as AWS's SDK reads it, against docs/PROTOCOL.md.
import { strict as assert } from 'node:assert';
import { DynamoDBClient, GetItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb';

const [port, name, address, keyArn] = process.argv.slice(2);
const client = new DynamoDBClient({ region: 'eu-west-1', endpoint: `http://127.0.0.1:${port}`, credentials: { accessKeyId: 'x', secretAccessKey: 'x' } });
const { Item } = await client.send(new GetItemCommand({ TableName: 'accounts', Key: { name: { S: name } }, ConsistentRead: true }));
assert.equal(Buffer.from(Item.record.B).subarray(0, 4).toString(), 'ENW1');
assert.equal(Item.address.S, address.toLowerCase());
assert.equal(Item.key_id.S, keyArn);
assert.equal(Item.version.N, '1');
assert.match(Item.created_at.S, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
const found = await client.send(new QueryCommand({
  TableName: 'accounts', IndexName: 'address-index', KeyConditionExpression: 'address = :a', ExpressionAttributeValues: { ':a': { S: address.toLowerCase() } },
}));
assert.equal(found.Items[0].name.S, name);
console.log(`the item of ${name}: ${Item.record.B.length} bytes of record, version ${Item.version.N}`);
