// tls_server.mjs FOLDER PORTFILE [REPLY]: shows FOLDER's certificate, writes what it receives after the
// handshake to PORTFILE.received, and answers with REPLY's bytes, or 500.
import { createServer } from 'node:tls';
import { appendFileSync, readFileSync, renameSync, writeFileSync } from 'node:fs';

const [folder, portFile, replyFile] = process.argv.slice(2);
const reply = replyFile ? readFileSync(replyFile) : Buffer.from('HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
const server = createServer({ cert: readFileSync(`${folder}/server.pem`), key: readFileSync(`${folder}/server.key.pem`) }, (socket) => {
  socket.on('error', () => {});
  socket.once('data', () => setTimeout(() => socket.end(reply), 50));
  socket.on('data', (bytes) => appendFileSync(`${portFile}.received`, bytes));
});
server.on('tlsClientError', () => {});
server.listen(0, '127.0.0.1', () => {
  writeFileSync(`${portFile}.new`, String(server.address().port));
  renameSync(`${portFile}.new`, portFile);
});
