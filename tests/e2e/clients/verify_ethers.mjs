// verify_ethers.mjs transaction|message ADDRESS: reads the reply of a signing call from standard
// input and checks it with ethers: the decoded transaction, its hash, its sender. Prints what it saw.
import { Transaction, verifyMessage, Signature } from 'ethers';
import { readFileSync } from 'node:fs';
import { strict as assert } from 'node:assert';

const [what, address, text] = process.argv.slice(2);
const reply = JSON.parse(readFileSync(0, 'utf8'));
if (what === 'transaction') {
  const transaction = Transaction.from(reply.raw);
  assert.equal(transaction.from, address);
  assert.equal(transaction.hash, reply.hash);
  assert.equal(reply.from, address);
  assert.equal(transaction.signature.r, reply.r);
  assert.equal(transaction.signature.s, reply.s);
  console.log(`ethers: transaction ${transaction.hash} of type ${transaction.type}, nonce ${transaction.nonce}, from ${transaction.from}`);
} else {
  const signer = verifyMessage(text, reply.signature);
  assert.equal(signer, address);
  assert.equal(Signature.from(reply.signature).serialized, reply.signature);
  console.log(`ethers: message signed by ${signer}`);
}
