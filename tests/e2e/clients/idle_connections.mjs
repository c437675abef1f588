// idle_connections.mjs URL TOKEN NAME: opens a thousand connections that say nothing and fifty that
// send a byte now and then, and signs meanwhile.
import { connect } from 'node:net';
import { strict as assert } from 'node:assert';

const url = new URL(process.argv[2]);
const [token, name] = process.argv.slice(3);
const sockets = [];
let refusedCount = 0;

function open() {
  return new Promise((done) => {
    const socket = connect(Number(url.port), url.hostname, () => done(socket));
    socket.on('error', () => { refusedCount++; done(null); });
    socket.on('close', () => {});
    sockets.push(socket);
  });
}
async function sign(limitMs) {
  const started = Date.now();
  const reply = await fetch(new URL(`/v1/accounts/${name}/sign-message`, url), {
    method: 'POST', headers: { Authorization: `Bearer ${token}` }, body: '{"message":"meanwhile"}',
    signal: AbortSignal.timeout(limitMs),
  });
  assert.equal(reply.status, 200, await reply.text());
  return Date.now() - started;
}

for (let i = 0; i < 1000; i++) await open();
console.log(`1000 idle connections opened, ${refusedCount} of them refused`);
assert.equal(refusedCount, 0);
let slowest = 0;
for (let i = 0; i < 100; i++) slowest = Math.max(slowest, await sign(2000));
console.log(`100 signatures meanwhile, the slowest in ${slowest} ms`);

const slow = [];
for (let i = 0; i < 50; i++) slow.push(await open());
const text = `POST /v1/accounts HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\nContent-Length: 5000\r\n\r\n`;
for (let i = 0; i < 30; i++) {
  for (const socket of slow) if (socket && !socket.destroyed) socket.write(text[i]);
  slowest = Math.max(slowest, await sign(2000));
}
console.log(`50 slow clients: the slowest signature in ${slowest} ms`);
for (const socket of sockets) socket.destroy();
await sign(2000);
process.exit(0);
