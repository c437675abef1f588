// transactions.mjs URL TOKEN NAME COUNT [NODE]: COUNT random transactions of each type are signed; ethers
// must understand each and find the account as its sender, and viem must write the same bytes. With a
// NODE (an anvil), one of each type is mined, a blob and an authorization included.
import { strict as assert } from 'node:assert';
import { createHash, randomBytes } from 'node:crypto';
import { Transaction, Wallet, JsonRpcProvider, encodeRlp, decodeRlp, getBytes, toBeHex } from 'ethers';
import { serializeTransaction } from 'viem';

const [url, token, name, countText, node] = process.argv.slice(2);
const call = async (method, path, body) => {
  const reply = await fetch(url + path, {
    method, headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    body: body && JSON.stringify(body),
  });
  return { code: reply.status, body: await reply.json() };
};
const { address } = (await call('GET', `/v1/accounts/${name}`)).body;

// ---- random fields, with the edges more often than chance would have them ----

const pick = (...values) => values[randomBytes(1)[0] % values.length];
const number = (bits) => (randomBytes(1)[0] % 8 === 0 ? 0n
  : BigInt('0x' + randomBytes(32).toString('hex')) >> BigInt(256 - 1 - (randomBytes(2).readUInt16BE() % bits)));
const hex = (size) => '0x' + randomBytes(size).toString('hex');
const accessList = () => Array.from({ length: randomBytes(1)[0] % 4 }, () => ({
  address: hex(20), storageKeys: Array.from({ length: randomBytes(1)[0] % 3 }, () => hex(32)),
}));
const signers = [Wallet.createRandom(), Wallet.createRandom()];
const authorizations = () => Array.from({ length: 1 + (randomBytes(1)[0] % 3) }, () =>
  pick(...signers).authorizeSync({ address: hex(20), chainId: 1n + number(62), nonce: number(63) }));

function fields(type) {
  const transaction = {
    type, chainId: pick(1n, 8453n, 1n + number(62), 9223372036854775771n), nonce: number(53),
    gasLimit: 1n + number(63), to: hex(20), value: number(248), data: hex(pick(0, 1, 4, 55, 56, 68, 300)),
  };
  if (type < 3 && randomBytes(1)[0] % 5 === 0) Object.assign(transaction, { to: null, data: hex(1 + randomBytes(1)[0]) });
  if (type < 2) transaction.gasPrice = number(180);
  else {
    transaction.maxFeePerGas = number(180);
    transaction.maxPriorityFeePerGas = transaction.maxFeePerGas >> BigInt(randomBytes(1)[0]);
  }
  if (type > 0) transaction.accessList = accessList();
  if (type === 3) {
    transaction.maxFeePerBlobGas = number(200);
    transaction.blobVersionedHashes = Array.from({ length: 1 + (randomBytes(1)[0] % 6) }, () => '0x01' + hex(31).slice(2));
  }
  if (type === 4) transaction.authorizationList = authorizations();
  return transaction;
}

// ---- the same fields as our API, and as viem, take them ----

const quantity = (value) => '0x' + BigInt(value).toString(16);
const authorizationOf = (entry) => ({ address: entry.address, chainId: quantity(entry.chainId), nonce: quantity(entry.nonce),
  yParity: quantity(entry.signature.yParity), r: quantity(entry.signature.r), s: quantity(entry.signature.s) });
const asked = (transaction) => Object.fromEntries(Object.entries(transaction).map(([field, value]) => {
  if (field === 'gasLimit') return ['gas', quantity(value)];
  if (field === 'authorizationList') return [field, value.map(authorizationOf)];
  return [field, typeof value === 'bigint' || typeof value === 'number' ? quantity(value) : value];
}));
const VIEM_TYPES = ['legacy', 'eip2930', 'eip1559', 'eip4844', 'eip7702'];
const viemForm = ({ type, chainId, gasLimit, nonce, data, to, authorizationList, ...rest }) => ({
  ...rest, type: VIEM_TYPES[type], chainId, gas: gasLimit, nonce, data: data === '0x' ? undefined : data, to: to ?? undefined,
  ...(type === 3 && { sidecars: false }),
  ...(authorizationList && { authorizationList: authorizationList.map((entry) => ({ address: entry.address, chainId: entry.chainId,
    nonce: entry.nonce, r: entry.signature.r, s: entry.signature.s, yParity: entry.signature.yParity })) }),
});

async function sign(transaction) {
  const reply = await call('POST', `/v1/accounts/${name}/sign-transaction`, { transaction: asked(transaction) });
  assert.equal(reply.code, 200, JSON.stringify([asked(transaction), reply.body]));
  return reply.body;
}

// viem's numbers for nonces and chains above 2^53 are not exact; ethers' are.
const isExact = (value) => value <= BigInt(Number.MAX_SAFE_INTEGER);

async function check(type, counts) {
  const transaction = fields(type);
  const signed = await sign(transaction);
  const wanted = Transaction.from(transaction);
  const got = Transaction.from(signed.raw);
  assert.equal(got.unsignedHash, wanted.unsignedHash);
  assert.equal(got.from, address);
  assert.equal(got.hash, signed.hash);
  counts.ethers++;
  const { nonce, chainId, authorizationList } = transaction;
  if (![nonce, chainId, ...(authorizationList ?? []).flatMap((entry) => [entry.nonce, entry.chainId])].every(isExact)) return;
  const form = viemForm(transaction);
  form.nonce = Number(nonce);
  form.chainId = Number(chainId);
  form.authorizationList?.forEach((entry) => { entry.nonce = Number(entry.nonce); entry.chainId = Number(entry.chainId); });
  const signature = { r: got.signature.r, s: got.signature.s, yParity: got.signature.yParity, v: BigInt(signed.v) };
  assert.equal(serializeTransaction(form, signature), signed.raw, `type ${type}: ${JSON.stringify(asked(transaction))}`);
  counts.viem++;
}

const counts = { ethers: 0, viem: 0 };
for (let type = 0; type <= 4; type++) {
  for (let left = Number(countText); left > 0; left -= 16) {
    await Promise.all(Array.from({ length: Math.min(16, left) }, () => check(type, counts)));
  }
}
console.log(`${counts.ethers} transactions as ethers has them, ${counts.viem} of them as viem has them`);
assert.ok(counts.viem >= counts.ethers / 4);

// ---- one of each is mined ----

if (node) {
  const provider = new JsonRpcProvider(node, undefined, { staticNetwork: true, batchMaxCount: 1 });
  const { chainId } = await provider.getNetwork();
  await provider.send('anvil_setBalance', [address, toBeHex(10n ** 20n)]);
  const friend = new Wallet('0x' + '42'.repeat(32));
  // The blob of zeros: its commitment and every proof are the point at infinity.
  const infinity = '0xc0' + '00'.repeat(47);
  const blobHash = '0x01' + createHash('sha256').update(getBytes(infinity)).digest('hex').slice(2);
  const common = { chainId, gasLimit: 200000n, to: friend.address, value: 1n, data: '0x' };
  const price = { gasPrice: 20n * 10n ** 9n };
  const fees = { maxFeePerGas: 20n * 10n ** 9n, maxPriorityFeePerGas: 10n ** 9n };
  const list = [{ address: friend.address, storageKeys: ['0x' + '00'.repeat(32)] }];
  const authorizationList = [friend.authorizeSync({ address: '0x' + '11'.repeat(20), chainId, nonce: 0n })];
  const rows = [
    { type: 0, ...common, ...price },
    { type: 1, ...common, ...price, accessList: list },
    { type: 2, ...common, ...fees, accessList: list },
    { type: 3, ...common, ...fees, accessList: [], maxFeePerBlobGas: 10n ** 9n, blobVersionedHashes: [blobHash] },
    { type: 4, ...common, ...fees, accessList: [], authorizationList },
    { type: 2, ...common, ...fees, accessList: [], to: null, value: 0n, data: '0x6001600c60003960016000f300' },
  ];
  // What nodes take carries the blobs beside the signed part (EIP-7594: version 1, with cell proofs).
  const networkForm = (raw) => '0x03' + encodeRlp([decodeRlp('0x' + raw.slice(4)), '0x01', ['0x' + '00'.repeat(131072)], [infinity],
    Array(128).fill(infinity)]).slice(2);
  for (const [nonce, row] of rows.entries()) {
    const signed = await sign({ ...row, nonce: BigInt(nonce) });
    const hash = await provider.send('eth_sendRawTransaction', [row.type === 3 ? networkForm(signed.raw) : signed.raw]);
    assert.equal(hash, signed.hash);
    const receipt = await provider.waitForTransaction(hash, 1, 20000);
    assert.equal(receipt.status, 1, `type ${row.type}`);
    assert.equal(receipt.from, address);
    assert.equal(receipt.type, row.type);
    if (!row.to) assert.ok(receipt.contractAddress);
  }
  assert.equal(await provider.getCode(friend.address), '0xef0100' + '11'.repeat(20));
  assert.equal(await provider.getTransactionCount(address), rows.length);
  console.log(`${rows.length} transactions mined: types 0 to 4, and one that makes a contract`);
  provider.destroy();
}
