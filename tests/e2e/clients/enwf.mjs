// A client of the frames between parent and enclave, from docs/PROTOCOL.md alone. It plays a parent
// that means ill.
import { connect } from 'node:net';
import { createHash } from 'node:crypto';

export const TYPE = { CREATE: 1, SIGN_TX: 2, SIGN_MESSAGE: 3, ATTEST: 7, STATUS: 8, ERROR: 0xff };
export const SECTION = { RECORD: 1, CREDENTIALS: 2, KEY_ARN: 3, ACCOUNT_ID: 4, BODY: 5, NONCE: 6, ADDRESS: 7,
  SIGNATURE: 8, DOCUMENT: 9, ERROR: 10, PUBLIC_KEY: 11, STATUS: 12, LEFT_MS: 13 };

export const accountId = (name) => createHash('sha256').update('ENW1 account name v1').update(Buffer.alloc(16)).update(name).digest();

export function credentialsSection({ accessKeyId, secretAccessKey, sessionToken }) {
  return Buffer.concat([accessKeyId, secretAccessKey, sessionToken ?? ''].flatMap((text) => {
    const size = Buffer.alloc(2);
    size.writeUInt16BE(Buffer.byteLength(text));
    return [size, Buffer.from(text)];
  }));
}

// sections: [[id, bytes], ...] in the order given, right or wrong.
export function frame(type, requestId, sections = []) {
  const parts = [Buffer.alloc(20)];
  for (const [id, bytes] of sections) {
    const head = Buffer.alloc(8);
    head.writeUInt16BE(id, 0);
    head.writeUInt32BE(bytes.length, 4);
    parts.push(head, Buffer.from(bytes));
  }
  const whole = Buffer.concat(parts);
  whole.write('ENWF', 0);
  whole[4] = 1;
  whole[5] = type;
  whole.writeUInt32BE(whole.length, 8);
  whole.writeBigUInt64BE(BigInt(requestId), 12);
  return whole;
}

function parseError(section) {
  if (!section) return undefined;
  const end = 6 + section.readUInt16BE(4);
  return { kind: section.readUInt16BE(0), reason: section.readUInt16BE(2),
    where: section.subarray(6, end).toString(), sentence: section.subarray(end).toString() };
}

export function parseFrame(whole) {
  const sections = {};
  for (let at = 20; at < whole.length;) {
    const size = whole.readUInt32BE(at + 4);
    sections[whole.readUInt16BE(at)] = whole.subarray(at + 8, at + 8 + size);
    at += 8 + size;
  }
  return { type: whole[5], id: whole.readBigUInt64BE(12), sections, error: parseError(sections[SECTION.ERROR]) };
}

// One connection. `next` waits for one frame; null when the enclave closed instead.
export class Enclave {
  constructor(path) {
    this.buffer = Buffer.alloc(0);
    this.frames = [];
    this.waiting = [];
    this.isClosed = false;
    this.socket = connect(path);
    this.socket.on('data', (bytes) => this.#take(bytes));
    this.socket.on('close', () => this.#end());
    this.socket.on('error', () => this.#end());
  }

  #take(bytes) {
    this.buffer = Buffer.concat([this.buffer, bytes]);
    while (this.buffer.length >= 20 && this.buffer.length >= this.buffer.readUInt32BE(8)) {
      const size = this.buffer.readUInt32BE(8);
      this.#deliver(parseFrame(this.buffer.subarray(0, size)));
      this.buffer = this.buffer.subarray(size);
    }
  }

  #deliver(found) {
    const waiter = this.waiting.shift();
    if (waiter) waiter(found);
    else this.frames.push(found);
  }

  #end() {
    this.isClosed = true;
    for (const waiter of this.waiting.splice(0)) waiter(null);
  }

  write(bytes) { this.socket.write(bytes); }
  end() { this.socket.end(); }
  close() { this.socket.destroy(); }

  next(limitMs = 15000) {
    if (this.frames.length) return Promise.resolve(this.frames.shift());
    if (this.isClosed) return Promise.resolve(null);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('the enclave neither answers nor closes')), limitMs);
      this.waiting.push((found) => { clearTimeout(timer); resolve(found); });
    });
  }

  async call(type, sections) {
    this.write(frame(type, 1, sections));
    return this.next();
  }
}

export async function status(path) {
  const enclave = new Enclave(path);
  const reply = await enclave.call(TYPE.STATUS);
  enclave.close();
  return JSON.parse(reply.sections[SECTION.STATUS].toString());
}
