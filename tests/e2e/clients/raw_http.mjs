// raw_http.mjs URL TOKEN: requests that no HTTP library would send. Each must be refused without an
// account being made, and the service must answer the next call.
import { connect } from 'node:net';
import { strict as assert } from 'node:assert';

const url = new URL(process.argv[2]);
const token = process.argv[3];

function send(bytes, limitMs = 15000) {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(url.port), url.hostname);
    const timer = setTimeout(() => { socket.destroy(); reject(new Error('no answer and no close')); }, limitMs);
    let text = '';
    socket.on('data', (chunk) => { text += chunk; });
    socket.on('close', () => { clearTimeout(timer); resolve(text); });
    socket.on('error', () => {});
    socket.write(bytes);
  });
}
const head = (lines) => ['POST /v1/accounts HTTP/1.1', 'Host: localhost', `Authorization: Bearer ${token}`, 'Content-Type: application/json',
  'Connection: close', ...lines, '', ''].join('\r\n');
const body = '{"name":"smuggled"}';
const code = (text) => Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? 0);

async function refused(what, bytes, codes) {
  const text = await send(bytes);
  assert.ok(codes.includes(code(text)), `${what}: ${text.slice(0, 200) || 'closed'}`);
  console.log(`${what}: ${code(text) || 'closed'}`);
}

const size = `Content-Length: ${body.length}`;
await refused('two differing Content-Lengths', head([size, 'Content-Length: 3']) + body, [400]);
await refused('Content-Length with Transfer-Encoding', head([size, 'Transfer-Encoding: chunked']) + `0\r\n\r\n`, [400]);
await refused('a Content-Length that is no number', head(['Content-Length: abc']) + body, [0, 400]);
await refused('a body that is too large', head(['Content-Length: 100000000']), [413]);
await refused('a header that is too large', head([size, `X-Large: ${'x'.repeat(100000)}`]) + body, [0, 400, 413, 431]);
await refused('too many headers', head([size, ...Array.from({ length: 2000 }, (_, i) => `X-${i}: 1`)]) + body, [0, 400, 413, 431]);
await refused('two Authorization headers', head([size, 'Authorization: Bearer x']) + body, [400, 401]);
await refused('no HTTP at all', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n', [0, 400]);

const get = (path) => fetch(new URL(path, url), { headers: { Authorization: `Bearer ${token}` } });
assert.equal((await get('/v1/accounts/smuggled')).status, 404, 'an account was made');

// A body that arrives in pieces is fine; one that never ends is cut off by the service, not by us.
const slow = connect(Number(url.port), url.hostname);
slow.on('error', () => {});
slow.write(head([size]));
const started = Date.now();
const isCut = await new Promise((resolve) => {
  slow.on('close', () => resolve(true));
  slow.on('data', () => {});
  setTimeout(() => resolve(false), 60000).unref();
});
assert.ok(isCut, 'a request that never ends is kept for more than 60 s');
console.log(`a body that never comes: closed after ${Math.round((Date.now() - started) / 1000)} s`);
assert.equal((await get('/healthz')).status, 200);
