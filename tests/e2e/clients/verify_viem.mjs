// verify_viem.mjs transaction|message ADDRESS [TEXT]: the same checks as verify_ethers.mjs, by viem.
import { keccak256, parseTransaction, recoverTransactionAddress, verifyMessage } from 'viem';
import { readFileSync } from 'node:fs';
import { strict as assert } from 'node:assert';

const [what, address, text] = process.argv.slice(2);
const reply = JSON.parse(readFileSync(0, 'utf8'));
if (what === 'transaction') {
  const transaction = parseTransaction(reply.raw);
  const sender = await recoverTransactionAddress({ serializedTransaction: reply.raw });
  assert.equal(sender, address);
  assert.equal(keccak256(reply.raw), reply.hash);
  console.log(`viem: transaction ${reply.hash} of type ${transaction.type}, from ${sender}`);
} else {
  assert.ok(await verifyMessage({ address, message: text, signature: reply.signature }));
  console.log(`viem: message signed by ${address}`);
}
