// dynamodb_server.mjs PORTFILE: dynalite with the table of docs/PROTOCOL.md section 9, behind a relay
// that can be slow, down, lose answers, drop requests, or hold one back, before the table sees it or
// before its answer is seen. Writes "PORT CONTROLPORT".
import dynalite from 'dynalite';
import { createServer, request } from 'node:http';
import { renameSync, writeFileSync } from 'node:fs';
import { CreateTableCommand, DescribeTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';

const listen = (server) => new Promise((done) => server.listen(0, '127.0.0.1', () => done(server.address().port)));
const knobs = { delay: 0, isDown: false, lose: { operation: '', count: 0 }, drop: { operation: '', count: 0 }, throttle: 0,
  hold: { operation: '', skip: 0, isAfter: false }, held: null };
const behind = await listen(dynalite({ createTableMs: 0 }));

const client = new DynamoDBClient({ region: 'eu-west-1', endpoint: `http://127.0.0.1:${behind}`, credentials: { accessKeyId: 'x', secretAccessKey: 'x' } });
await client.send(new CreateTableCommand({
  TableName: 'accounts', BillingMode: 'PAY_PER_REQUEST',
  AttributeDefinitions: [{ AttributeName: 'name', AttributeType: 'S' }, { AttributeName: 'address', AttributeType: 'S' }],
  KeySchema: [{ AttributeName: 'name', KeyType: 'HASH' }],
  GlobalSecondaryIndexes: [{ IndexName: 'address-index', KeySchema: [{ AttributeName: 'address', KeyType: 'HASH' }], Projection: { ProjectionType: 'ALL' } }],
}));
while ((await client.send(new DescribeTableCommand({ TableName: 'accounts' }))).Table.TableStatus !== 'ACTIVE') await new Promise((done) => setTimeout(done, 20));

const takes = (knob, operation) => knob.operation === operation && knob.count > 0 && knob.count-- > 0;
// Resolves to true at once, or when a held call is released and its caller is still there. A caller that
// was killed has ended its connection by then, but the release may be read first: a moment passes.
function passes(operation, isAfter, socket) {
  const { hold } = knobs;
  if (hold.operation !== operation || hold.isAfter !== isAfter || hold.skip-- > 0) return Promise.resolve(true);
  hold.operation = '';
  return new Promise((done) => { knobs.held = () => setTimeout(() => done(!socket.destroyed), 100); });
}
const relay = createServer((incoming, outgoing) => {
  const operation = (incoming.headers['x-amz-target'] ?? '').split('.')[1] ?? '';
  if (knobs.isDown || takes(knobs.drop, operation)) return incoming.socket.destroy();
  const chunks = [];
  incoming.on('data', (chunk) => chunks.push(chunk));
  incoming.on('end', () => setTimeout(async () => {
    if (!await passes(operation, false, incoming.socket)) return;
    if (knobs.throttle > 0 && knobs.throttle-- > 0) {
      const body = '{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException","message":"slow down"}';
      outgoing.writeHead(400, { 'Content-Type': 'application/x-amz-json-1.0', 'Content-Length': body.length }).end(body);
      return;
    }
    const isLost = takes(knobs.lose, operation);
    const onward = request({ port: behind, host: '127.0.0.1', method: incoming.method, path: incoming.url, headers: incoming.headers }, (reply) => {
      const parts = [];
      reply.on('data', (part) => parts.push(part));
      reply.on('end', async () => {
        if (!await passes(operation, true, incoming.socket)) return;
        if (isLost) return incoming.socket.destroy();
        outgoing.writeHead(reply.statusCode, reply.headers).end(Buffer.concat(parts));
      });
    });
    onward.on('error', () => incoming.socket.destroy());
    onward.end(Buffer.concat(chunks));
  }, knobs.delay));
});
const control = createServer((incoming, outgoing) => {
  const url = new URL(incoming.url, 'http://control');
  const count = Number(url.searchParams.get('count') ?? 0);
  const operation = url.searchParams.get('operation') ?? '';
  if (url.pathname === '/delay') knobs.delay = Number(url.searchParams.get('ms'));
  if (url.pathname === '/down') { knobs.isDown = true; relay.closeAllConnections(); }
  if (url.pathname === '/up') knobs.isDown = false;
  if (url.pathname === '/lose') knobs.lose = { operation, count };
  if (url.pathname === '/drop') knobs.drop = { operation, count };
  if (url.pathname === '/throttle') knobs.throttle = count;
  if (url.pathname === '/hold') {
    knobs.hold = { operation, skip: Number(url.searchParams.get('skip') ?? 0), isAfter: url.searchParams.has('after') };
    knobs.held = null;
  }
  if (url.pathname === '/held') return outgoing.end(knobs.held ? 'yes' : 'no');
  if (url.pathname === '/release') {
    knobs.hold = { operation: '', skip: 0, isAfter: false };
    knobs.held?.();
    knobs.held = null;
  }
  outgoing.end('ok');
});
const ports = `${await listen(relay)} ${await listen(control)}\n`;
writeFileSync(`${process.argv[2]}.new`, ports);
renameSync(`${process.argv[2]}.new`, process.argv[2]);
