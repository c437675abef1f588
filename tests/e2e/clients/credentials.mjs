// Prints what the metadata service hands out now.
import { instanceCredentials } from './aws.mjs';

console.log(JSON.stringify(await instanceCredentials()));
