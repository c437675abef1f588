// sign_message.mjs PRIVATE_KEY TEXT: the signature that ethers makes.
import { Wallet } from 'ethers';

console.log(await new Wallet(process.argv[2]).signMessage(process.argv[3]));
