// transaction_fields.mjs URL TOKEN NAME: each field of a transaction, one at a time, missing, of a
// wrong type, malformed and out of range. Each must be refused with 400; bounds themselves are served.
import { strict as assert } from 'node:assert';
import { Transaction } from 'ethers';

const [url, token, name] = process.argv.slice(2);
const good = {
  2: { type: 2, chainId: '1', nonce: '7', maxPriorityFeePerGas: '1', maxFeePerGas: '2', gas: '21000',
    to: '0x70997970C51812dc3A010C7d01b50e0d17dc79C8', value: '3', data: '0x' },
  0: { type: 0, chainId: '1', nonce: '7', gasPrice: '2', gas: '21000', to: '0x70997970C51812dc3A010C7d01b50e0d17dc79C8',
    value: '3', data: '0x' },
};

async function sign(transaction) {
  const reply = await fetch(`${url}/v1/accounts/${name}/sign-transaction`, {
    method: 'POST', headers: { Authorization: `Bearer ${token}` }, body: JSON.stringify({ transaction }),
  });
  return { code: reply.status, body: await reply.json() };
}

const two = (bits) => (1n << BigInt(bits)).toString();
const less = (bits) => ((1n << BigInt(bits)) - 1n).toString();
const quantity = ['', ' 1', '1 ', '+1', '-1', '1.0', '1e3', '0x', '0xg', 'x', null, {}, [], true, 1.5, -1];
const bad = {
  chainId: [...quantity, two(256), '0'],
  nonce: [...quantity, two(64), less(64)],
  gas: [...quantity, two(64)],
  value: [...quantity, two(256)],
  gasPrice: [...quantity, two(256)],
  maxFeePerGas: [...quantity, two(256)],
  maxPriorityFeePerGas: [...quantity, two(256), '3'],
  to: ['', '0x', '0x12', '70997970C51812dc3A010C7d01b50e0d17dc79C8', '0x70997970c51812dc3A010C7d01b50e0d17dc79C8',
    '0x70997970C51812dc3A010C7d01b50e0d17dc79C800', 7, {}],
  data: ['0x1', '0xzz', 'ff', 7, null, {}],
  type: ['x', 5, -1, 256, '0x7f', {}],
};
let count = 0;
for (const [type, base] of Object.entries(good)) {
  assert.equal((await sign(base)).code, 200);
  for (const [field, values] of Object.entries(bad)) {
    if (!(field in base)) continue;
    for (const value of values) {
      const reply = await sign({ ...base, [field]: value });
      // A null "data" may mean that there is none; what is signed must then say so.
      if (reply.code === 200 && value === null) {
        assert.equal(Transaction.from(reply.body.raw).data, '0x');
        continue;
      }
      assert.equal(reply.code, 400, `type ${type}, ${field} = ${JSON.stringify(value)}: ${JSON.stringify(reply.body)}`);
      assert.ok(reply.body.error.message.includes(field), `${field} = ${JSON.stringify(value)}: ${reply.body.error.message}`);
      count++;
    }
  }
  for (const field of ['chainId', 'nonce', 'gas']) {
    const { [field]: _, ...rest } = base;
    assert.equal((await sign(rest)).code, 400, `type ${type} without ${field}`);
    count++;
  }
  assert.equal((await sign({ ...base, hash: '0x' + '11'.repeat(32) })).code, 400, 'an unknown field');
}
// The bounds themselves.
const widest = { ...good[2], chainId: '1', value: less(256), maxFeePerGas: less(256), maxPriorityFeePerGas: less(256), gas: less(64), nonce: (2n ** 64n - 2n).toString() };
const reply = await sign(widest);
assert.equal(reply.code, 200, JSON.stringify(reply.body));
const back = Transaction.from(reply.body.raw);
assert.equal(back.value, 2n ** 256n - 1n);
assert.equal(back.maxFeePerGas, 2n ** 256n - 1n);
console.log(`${count} malformed transactions refused, each naming its field`);
