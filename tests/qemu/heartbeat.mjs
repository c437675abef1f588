// heartbeat.mjs SOCKET FILE [wrong]: plays nitro-cli's part at boot: one byte 0xb7 comes, the same goes
// back (or another one, when wrong). Appends the time of each to the file.
import { appendFileSync } from 'node:fs';
import { createServer } from 'node:net';

const [socket, file, wrong] = process.argv.slice(2);
createServer((connection) => {
  connection.once('data', (bytes) => {
    appendFileSync(file, `${Date.now()} ${bytes.toString('hex')}\n`);
    connection.end(Buffer.from([wrong ? 0 : bytes[0]]));
  });
  connection.on('error', () => {});
}).listen(socket);
