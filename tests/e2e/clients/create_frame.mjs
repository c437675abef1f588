// create_frame.mjs SOCKET NAME: one CREATE; prints the address, or the sentence of the refusal.
import { Enclave, SECTION, TYPE, accountId, credentialsSection } from './enwf.mjs';
import { instanceCredentials } from './aws.mjs';

const [path, name] = process.argv.slice(2);
const enclave = new Enclave(path);
enclave.write((await import('./enwf.mjs')).frame(TYPE.CREATE, 1, [
  [SECTION.CREDENTIALS, credentialsSection(await instanceCredentials())], [SECTION.ACCOUNT_ID, accountId(name)]]));
const reply = await enclave.next(40000);
enclave.close();
console.log(reply === null ? 'closed' : reply.error ? `${reply.error.kind}: ${reply.error.sentence}` : '0x' + reply.sections[SECTION.ADDRESS].toString('hex'));
