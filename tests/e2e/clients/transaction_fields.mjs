// transaction_fields.mjs URL TOKEN NAME: each field of a transaction, one at a time, missing, of a
// wrong type, malformed and out of range. Each must be refused with 400; bounds themselves are served.
import { strict as assert } from 'node:assert';
import { Transaction } from 'ethers';

const [url, token, name] = process.argv.slice(2);
const good = {
  2: { type: '0x2', chainId: '0x1', nonce: '0x7', maxPriorityFeePerGas: '0x1', maxFeePerGas: '0x2', gas: '0x5208',
    to: '0x70997970C51812dc3A010C7d01b50e0d17dc79C8', value: '0x3', data: '0x' },
  0: { type: '0x0', chainId: '0x1', nonce: '0x7', gasPrice: '0x2', gas: '0x5208', to: '0x70997970C51812dc3A010C7d01b50e0d17dc79C8',
    value: '0x3', data: '0x' },
};

async function sign(transaction) {
  const reply = await fetch(`${url}/v1/accounts/${name}/sign-transaction`, {
    method: 'POST', headers: { Authorization: `Bearer ${token}` }, body: JSON.stringify({ transaction }),
  });
  return { code: reply.status, body: await reply.json() };
}

const two = (bits) => '0x' + (1n << BigInt(bits)).toString(16);
const less = (bits) => '0x' + ((1n << BigInt(bits)) - 1n).toString(16);
// Not quantities of Ethereum's JSON-RPC, whatever the field.
const quantity = ['', '1', ' 0x1', '0x1 ', '+0x1', '-0x1', '0x', '0x01', '0xg', '0X1', 'x', {}, [], true, 1, 1.5, -1];
const bad = {
  chainId: [...quantity, two(256), '0x0', null],
  nonce: [...quantity, two(64), less(64), null],
  gas: [...quantity, two(64), null],
  value: [...quantity, two(256)],
  gasPrice: [...quantity, two(256), null],
  maxFeePerGas: [...quantity, two(256), null, '0x0'],
  maxPriorityFeePerGas: [...quantity, two(256), null, '0x3'],
  to: ['', '0x', '0x12', '70997970C51812dc3A010C7d01b50e0d17dc79C8', '0x70997970c51812dc3A010C7d01b50e0d17dc79C8',
    '0x70997970C51812dc3A010C7d01b50e0d17dc79C800', 7, {}],
  data: ['0x1', '0xzz', 'ff', 7, {}],
  type: ['x', '5', '0x5', '0x3', '0x4', '0x7e', '0x7f', '0x100', 2, {}],
};
let count = 0;
for (const [type, base] of Object.entries(good)) {
  assert.equal((await sign(base)).code, 200);
  for (const [field, values] of Object.entries(bad)) {
    if (!(field in base)) continue;
    for (const value of values) {
      const reply = await sign({ ...base, [field]: value });
      assert.equal(reply.code, 400, `type ${type}, ${field} = ${JSON.stringify(value)}: ${JSON.stringify(reply.body)}`);
      assert.ok(reply.body.error.message.startsWith('transaction'), `${field} = ${JSON.stringify(value)}: ${reply.body.error.message}`);
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
const widest = { ...good[2], value: less(255), maxFeePerGas: less(190), maxPriorityFeePerGas: less(190), gas: less(64) };
const reply = await sign(widest);
assert.equal(reply.code, 200, JSON.stringify(reply.body));
const back = Transaction.from(reply.body.raw);
assert.equal(back.value, 2n ** 255n - 1n);
assert.equal(back.maxFeePerGas, 2n ** 190n - 1n);
// The last nonce (EIP-2681) is more than ethers can read back.
assert.equal((await sign({ ...good[2], nonce: '0x' + (2n ** 64n - 2n).toString(16) })).code, 200);
console.log(`${count} malformed transactions refused, each with its reason`);
