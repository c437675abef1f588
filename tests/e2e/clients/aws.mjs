// Credentials from the stand's instance metadata, and AWS's own SDK pointed at the stand's KMS. The
// address and the authority come from the environment that enw-stand's ready file sets.
import { readFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { KMSClient } from '@aws-sdk/client-kms';
import { NodeHttpHandler } from '@smithy/node-http-handler';

export async function instanceCredentials() {
  const base = `http://127.0.0.1:${process.env.ENW_IMDS_PORT}`;
  const token = await (await fetch(`${base}/latest/api/token`, {
    method: 'PUT', headers: { 'X-aws-ec2-metadata-token-ttl-seconds': '60' },
  })).text();
  const get = async (path) => {
    const reply = await fetch(base + path, { headers: { 'X-aws-ec2-metadata-token': token } });
    if (!reply.ok) throw new Error(`metadata service: ${reply.status} for ${path}`);
    return reply.text();
  };
  const folder = '/latest/meta-data/iam/security-credentials/';
  const role = (await get(folder)).trim();
  const found = JSON.parse(await get(folder + role));
  return {
    accessKeyId: found.AccessKeyId, secretAccessKey: found.SecretAccessKey, sessionToken: found.Token,
    expiration: new Date(found.Expiration),
  };
}

export async function kmsClient(credentials) {
  const here = (host, options, done) => (options.all ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4));
  const httpsAgent = new Agent({ ca: readFileSync(`${process.env.ENW_STATE}/tls/ca.pem`), lookup: here });
  return new KMSClient({
    region: process.env.ENW_REGION,
    endpoint: `https://${process.env.ENW_KMS_HOST}:${process.env.ENW_KMS_PORT}`,
    credentials: credentials ?? (await instanceCredentials()),
    requestHandler: new NodeHttpHandler({ httpsAgent }),
    maxAttempts: 1,
  });
}
