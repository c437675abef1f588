// load.mjs URL TOKEN NAME ADDRESS PIDFILE: signs from eight connections, kills the enclave three times,
// and measures how long no signature succeeds. Every reply is a right signature or a clear 503.
import { readFileSync } from 'node:fs';
import { strict as assert } from 'node:assert';
import { verifyMessage } from 'ethers';

const [url, token, name, address, pidFile] = process.argv.slice(2);
const RECOVERY_MS_MAX = 2000;
let isOver = false;
let signed = 0;
let refused = 0;
let lastGood = Date.now();
let longestGap = 0;

async function worker(number) {
  for (let i = 0; !isOver; i++) {
    const message = `message ${number}.${i}`;
    const reply = await fetch(`${url}/v1/accounts/${name}/sign-message`, {
      method: 'POST', headers: { Authorization: `Bearer ${token}` }, body: JSON.stringify({ message }),
    });
    const body = await reply.json();
    if (reply.status === 200) {
      if (i % 16 === 0) assert.equal(verifyMessage(message, body.signature), address);
      longestGap = Math.max(longestGap, Date.now() - lastGood);
      lastGood = Date.now();
      signed++;
    } else {
      assert.equal(reply.status, 503, JSON.stringify(body));
      assert.equal(body.error.code, 'unavailable');
      refused++;
      await new Promise((done) => setTimeout(done, 5));
    }
  }
}

const workers = Array.from({ length: 8 }, (_, i) => worker(i));
for (let i = 0; i < 3; i++) {
  await new Promise((done) => setTimeout(done, 2500));
  process.kill(Number(readFileSync(pidFile, 'utf8')), 'SIGKILL');
}
await new Promise((done) => setTimeout(done, 2500));
isOver = true;
await Promise.all(workers);
assert.ok(Date.now() - lastGood < RECOVERY_MS_MAX, 'no signature at the end');
assert.ok(longestGap < RECOVERY_MS_MAX, `no signature for ${longestGap} ms`);
assert.ok(signed > 100, `only ${signed} signatures`);
console.log(`${signed} signed, ${refused} refused with 503, longest pause ${longestGap} ms`);
