// An independent verifier of attestation documents, in node:crypto alone: docs/ATTESTATION.md as code.
//   verify_attestation.mjs DOCUMENT [--root PEM] [--pcr N=HEX]... [--nonce HEX] [--now] [--allow-debug]
//                          [--address 0x… --name NAME]      (the last two: it is a proof of origin)
// Prints what it found as JSON; ends with 1 and a sentence when a step fails.
import { X509Certificate, createHash, verify } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'

const G1 = '641a0321a3e244efe456463195d606317ed7cdcc3c1756e09893f3c68f79bb5b'
const need = (holds, sentence) => { if (!holds) { console.error(sentence); process.exit(1) } }
const sha256 = (...parts) => createHash('sha256').update(Buffer.concat(parts.map((p) => Buffer.from(p)))).digest()

// CBOR as far as documents use it (RFC 8949); `end` is where reading stopped.
function cbor(bytes, at = 0) {
  need(at < bytes.length, 'cbor: cut')
  const major = bytes[at] >> 5, info = bytes[at] & 31
  const size = info < 24 ? 0 : info < 28 ? 1 << (info - 24) : -1
  need(size >= 0 || (info === 31 && (major === 4 || major === 5)), 'cbor: a head that documents do not have')
  let value = info
  if (size > 0) value = Number(BigInt('0x' + bytes.subarray(at + 1, at + 1 + size).toString('hex')))
  at += 1 + Math.max(size, 0)
  if (major === 0) return { value, end: at }
  if (major === 1) return { value: -1 - value, end: at }
  if (major === 2 || major === 3) {
    need(at + value <= bytes.length, 'cbor: cut')
    const part = bytes.subarray(at, at + value)
    return { value: major === 2 ? part : part.toString(), end: at + value }
  }
  if (major === 7) { need(info === 22, 'cbor: not null'); return { value: null, end: at } }
  need(major !== 6, 'cbor: a tag')
  const items = [], pairs = new Map()
  const isOver = (count) => (size < 0 ? bytes[at] === 0xff : count === value)
  while (!isOver(major === 4 ? items.length : pairs.size)) {
    const item = cbor(bytes, at)
    at = item.end
    if (major === 4) { items.push(item.value); continue }
    need(!pairs.has(item.value), 'cbor: a key comes twice')
    const content = cbor(bytes, at)
    at = content.end
    pairs.set(item.value, content.value)
  }
  return { value: major === 4 ? items : pairs, end: size < 0 ? at + 1 : at }
}
process.on('uncaughtException', (error) => need(false, `document: not well-formed (${error.message})`))
const head = (n) => Buffer.from(n < 24 ? [0x40 + n] : n < 256 ? [0x58, n] : [0x59, n >> 8, n & 255])

const { values: flags, positionals } = parseArgs({ allowPositionals: true, options: {
  root: { type: 'string' }, pcr: { type: 'string', multiple: true, default: [] }, nonce: { type: 'string' },
  now: { type: 'boolean' }, 'allow-debug': { type: 'boolean' }, address: { type: 'string' }, name: { type: 'string' } } })

// 1. The envelope: COSE_Sign1 with ES384, nothing after it.
let bytes = readFileSync(positionals[0])
if (bytes[0] === 0x7b) { const json = JSON.parse(bytes); bytes = Buffer.from(json.proof ?? json.document, 'base64') }
else if (bytes[0] < 0x80) bytes = Buffer.from(bytes.toString(), 'base64')
if (bytes[0] === 0xd2) bytes = bytes.subarray(1) // tag 18, which may stand in front
const envelope = cbor(bytes)
need(envelope.end === bytes.length && envelope.value.length === 4, 'cose: not one COSE_Sign1')
const [header, , payload, signature] = envelope.value
need(header.toString('hex') === 'a1013822' && signature?.length === 96, 'cose: not ES384')

// 2. The payload. 3. The root: ours, not the document's.
need(Buffer.isBuffer(payload), 'document: no payload')
const { value: map, end } = cbor(payload)
need(end === payload.length && map instanceof Map && map.get('digest') === 'SHA384', 'document: not well-formed')
const [presented, ...above] = map.get('cabundle').map((der) => new X509Certificate(der))
const root = flags.root ? new X509Certificate(readFileSync(flags.root)) : presented
need(flags.root || sha256(root.raw).toString('hex') === G1, 'chain: the root is not AWS Nitro Enclaves G1')

// 4. The chain, at the document's time or now. (The library tells no path lengths.)
const at = flags.now ? Date.now() : map.get('timestamp')
const chain = [root, ...above, new X509Certificate(map.get('certificate'))]
chain.forEach((certificate, i) => {
  const issuer = chain[Math.max(i - 1, 0)], isLeaf = i === chain.length - 1
  need(certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey), `chain: certificate ${i} is not from the one above`)
  need(certificate.ca === !isLeaf, `chain: certificate ${i} is ${isLeaf ? 'a' : 'no'} CA`)
  need(certificate.publicKey.asymmetricKeyDetails?.namedCurve === 'secp384r1', `chain: certificate ${i} has another key`)
  need(Date.parse(certificate.validFrom) <= at && at < Date.parse(certificate.validTo) + 1000, `chain: certificate ${i} is not valid then`)
})

// 5. The signature, over the payload's bytes exactly as they came.
const signed = Buffer.concat([Buffer.from('846a5369676e61747572653144a101382240', 'hex'), head(payload.length), payload])
need(verify('sha384', signed, { key: chain.at(-1).publicKey, dsaEncoding: 'ieee-p1363' }, signature), 'signature: not valid')

// 6. What we wanted to know.
const pcr = (n) => map.get('pcrs').get(n)?.toString('hex')
need(!flags.now || Math.abs(Date.now() - map.get('timestamp')) <= 300_000, 'age: not fresh')
need(flags.nonce === undefined || map.get('nonce')?.toString('hex') === flags.nonce, 'nonce: another one')
need(flags['allow-debug'] || !/^0*$/.test(pcr(0) ?? ''), 'PCR0: zero, the enclave runs in debug mode')
for (const [n, hex] of flags.pcr.map((text) => text.split('='))) need(pcr(Number(n)) === hex, `PCR${n}: ${pcr(Number(n))}`)

// 7. A proof of origin: docs/PROTOCOL.md, section 7.
if (flags.address) {
  const said = map.get('user_data')
  const id = sha256('ENW1 account name v1', Buffer.alloc(16), flags.name)
  need(said?.length === 144 && said.subarray(0, 5).toString('latin1') === 'ENWP\x01', 'origin: not a proof of origin')
  need(said.subarray(60, 92).equals(id), 'origin: of another account')
  need('0x' + said.subarray(92, 112).toString('hex') === flags.address.toLowerCase(), 'origin: of another address')
}
console.log(JSON.stringify({ moduleId: map.get('module_id'), timestamp: map.get('timestamp'), pcr0: pcr(0) }))
