// status.mjs SOCKET: the enclave's STATUS document.
import { status } from './enwf.mjs';

console.log(JSON.stringify(await status(process.argv[2])));
