// hostile.mjs VSOCK PORT flood COUNT | drip SECONDS | lies: a parent that means harm, over hybrid vsock. It
// prints what became of its connections; the script checks that others are served meanwhile.
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const [path, port, what, amount] = process.argv.slice(2);

// One connection into the enclave: resolves once it is through, or refused.
function enter() {
  return new Promise((resolve) => {
    const socket = connect(path);
    const state = { socket, isOpen: false, bytes: Buffer.alloc(0) };
    const done = () => resolve(state);
    socket.setTimeout(5000, () => socket.destroy());
    socket.on('connect', () => socket.write(`CONNECT ${port}\n`));
    socket.on('data', (bytes) => {
      state.bytes = Buffer.concat([state.bytes, bytes]);
      if (!state.isOpen && state.bytes.includes(10)) {
        state.isOpen = state.bytes.toString('latin1').startsWith('OK ');
        state.bytes = state.bytes.subarray(state.bytes.indexOf(10) + 1);
        socket.setTimeout(0);
        done();
      }
    });
    socket.on('error', done);
    socket.on('close', () => { state.isOpen = false; state.isClosed = true; done(); });
  });
}

function header({ magic = 'ENWF', version = 1, type = 8, size = 20, id = 7n }) {
  const frame = Buffer.alloc(20);
  frame.write(magic, 0, 'latin1');
  frame[4] = version;
  frame[5] = type;
  frame.writeUInt32BE(size, 8);
  frame.writeBigUInt64BE(id, 12);
  return frame;
}

// ATTEST with a nonce of this size; 32 is the only one there is.
function attest(size) {
  const section = Buffer.alloc(8 + size);
  section.writeUInt16BE(6, 0);
  section.writeUInt32BE(size, 4);
  return Buffer.concat([header({ type: 7, size: 20 + section.length }), section]);
}

if (what === 'flood') {
  // Half-open: each sends part of a header and then nothing. Batches keep this side's descriptors few.
  const total = Number(amount);
  let through = 0, refused = 0;
  for (let made = 0; made < total; made += 200) {
    const batch = await Promise.all(Array.from({ length: Math.min(200, total - made) }, enter));
    for (const one of batch) {
      if (one.isOpen) { through++; one.socket.write('ENWF'); } else refused++;
    }
    await sleep(20);
    for (const one of batch) one.socket.destroy();
  }
  console.log(`flood: ${total} connections, ${through} got in for a moment, ${refused} were refused`);
} else if (what === 'drip') {
  const one = await enter();
  const frame = header({});
  const end = Date.now() + Number(amount) * 1000;
  let sent = 0;
  while (Date.now() < end && !one.isClosed && sent < frame.length) {
    one.socket.write(frame.subarray(sent, ++sent));
    await sleep(1000);
  }
  console.log(`drip: ${one.isClosed ? 'closed' : 'STILL OPEN'} after ${sent} bytes, one a second`);
  process.exit(one.isClosed ? 0 : 1);
} else {
  const lies = {
    'another magic': header({ magic: 'HTTP' }), 'version 2': header({ version: 2 }),
    'length 19': header({ size: 19 }), 'length 196609': header({ size: 196609 }), 'length 2^32-1': header({ size: 0xffffffff }),
    'type 99': header({ type: 99 }),
    'a nonce of 0 bytes': attest(0), 'a nonce of 31 bytes': attest(31), 'a nonce of 33 bytes': attest(33),
    'a nonce of 1024 bytes': attest(1024),
    'a section longer than the frame': Buffer.concat([header({ size: 28 }), Buffer.from('0001000000001000', 'hex')]),
  };
  let wrong = 0;
  for (const [name, bytes] of Object.entries(lies)) {
    const one = await enter();
    one.socket.write(bytes);
    for (let i = 0; i < 100 && !one.isClosed && one.bytes.length < 20; i++) await sleep(50);
    const isError = one.bytes.length >= 20 && one.bytes[5] === 0xff;
    console.log(`lie: ${name}: ${isError ? 'an error reply' : 'NO ERROR REPLY'}`);
    if (!isError) wrong++;
    one.socket.destroy();
  }
  process.exit(wrong === 0 ? 0 : 1);
}
process.exit(0);
