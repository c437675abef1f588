// address.mjs PUBLIC_KEY: the address that ethers derives from a public key.
import { computeAddress } from 'ethers';

const key = process.argv[2].replace(/^0x/, '');
console.log(computeAddress('0x' + (key.length === 128 ? '04' + key : key)));
