// deploy/aws: the template held against CloudFormation's resource specification, its references
// resolved, its key policy equal to key-policy.json, its permissions equal to what the code calls.
import { createRequire } from 'node:module';
import { readdirSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { join } from 'node:path';
import { parse, parseDocument } from 'yaml';
import { check, end, one, read, refuses, root } from './checks.mjs';

const { ResourceTypes, PropertyTypes } = createRequire(import.meta.url)('@aws-cdk/cfnspec').specification();

// The short forms of CloudFormation's functions, as the long ones.
const FUNCTIONS = ['Ref', 'GetAtt', 'Sub', 'If', 'Equals', 'Not', 'And', 'Or', 'Join', 'Select', 'Split', 'Base64'];
const longName = (name) => (name === 'Ref' ? 'Ref' : `Fn::${name}`);
const tag = (name, kind) => ({
  tag: `!${name}`,
  ...(kind ? { collection: kind } : {}),
  resolve: (value) => {
    const body = kind ? value.toJSON() : value;
    return { [longName(name)]: name === 'GetAtt' && typeof body === 'string' ? body.split('.') : body };
  },
});
const customTags = FUNCTIONS.flatMap((name) => [tag(name), tag(name, 'seq')]);
// Collections are resolved from the inside; what a tag made of one is a plain value in the next.
function load(text) {
  const document = parseDocument(text, { customTags });
  if (document.errors.length) throw new Error(String(document.errors[0]));
  return document.toJS();
}
const source = read('deploy/aws/cloudformation.yaml');
const template = load(source);

const PSEUDO = ['AWS::AccountId', 'AWS::NoValue', 'AWS::Partition', 'AWS::Region', 'AWS::StackId', 'AWS::StackName', 'AWS::URLSuffix'];
const isFunction = (value) => value && typeof value === 'object' && !Array.isArray(value) && Object.keys(value).length === 1 &&
  /^(Ref|Fn::\w+)$/.test(Object.keys(value)[0]);

function* functionsIn(value, path = '') {
  if (value === null || typeof value !== 'object') return;
  if (isFunction(value)) yield [Object.keys(value)[0], Object.values(value)[0], path];
  for (const [name, child] of Object.entries(value)) yield* functionsIn(child, `${path}/${name}`);
}

function references({ Parameters = {}, Conditions = {}, Resources, Outputs = {}, Rules = {} }) {
  const findings = [];
  const isNamed = (name) => name in Parameters || name in Resources || PSEUDO.includes(name);
  const attribute = ([name, ...rest], path) => {
    const type = Resources[name] && ResourceTypes[Resources[name].Type];
    if (!type?.Attributes?.[rest.join('.')]) findings.push(`${path}: ${name} has no attribute ${rest.join('.')}`);
  };
  for (const [name, body, path] of functionsIn({ Conditions, Resources, Outputs, Rules })) {
    if (name === 'Ref' && !isNamed(body)) findings.push(`${path}: there is no ${body}`);
    if (name === 'Fn::GetAtt') attribute(body, path);
    if (name === 'Fn::If' && !(body[0] in Conditions)) findings.push(`${path}: there is no condition ${body[0]}`);
    if (name === 'Fn::Sub') {
      for (const [, inner] of body.matchAll(/\$\{([^}!]+)\}/g)) {
        if (inner.includes('.')) attribute(inner.split('.'), path);
        else if (!isNamed(inner)) findings.push(`${path}: there is no ${inner}`);
      }
    }
  }
  for (const [name, { Condition }] of Object.entries(Resources)) {
    if (Condition && !(Condition in Conditions)) findings.push(`${name}: there is no condition ${Condition}`);
  }
  const used = JSON.stringify({ Conditions, Resources, Outputs, Rules });
  for (const name of Object.keys(Parameters)) {
    if (!used.includes(`"${name}"`) && !used.includes(`\${${name}}`)) findings.push(`nothing uses the parameter ${name}`);
  }
  return findings;
}

const PRIMITIVES = {
  String: (value) => ['string', 'number', 'boolean'].includes(typeof value),
  Boolean: (value) => typeof value === 'boolean',
  Integer: Number.isInteger, Long: Number.isInteger, Double: (value) => typeof value === 'number',
  Json: (value) => typeof value === 'object' || typeof value === 'string',
  Timestamp: (value) => typeof value === 'string',
};
function value(resource, spec, given, path) {
  if (isFunction(given)) {
    if (!('Fn::If' in given)) return [];
    return given['Fn::If'].slice(1).flatMap((branch) => value(resource, spec, branch, path));
  }
  if (spec.PrimitiveType) return PRIMITIVES[spec.PrimitiveType](given) ? [] : [`${path}: must be ${spec.PrimitiveType}`];
  if (spec.Type === 'List') {
    if (!Array.isArray(given)) return [`${path}: must be a list`];
    const item = spec.PrimitiveItemType ? { PrimitiveType: spec.PrimitiveItemType } : { Type: spec.ItemType };
    return given.flatMap((one, index) => value(resource, item, one, `${path}/${index}`));
  }
  if (spec.Type === 'Map') return [];
  const type = PropertyTypes[spec.Type === 'Tag' ? 'Tag' : `${resource}.${spec.Type}`];
  return type ? properties(resource, type.Properties, given, path) : [`${path}: the specification has no ${spec.Type}`];
}
function properties(resource, known, given, path) {
  const findings = [];
  for (const [name, spec] of Object.entries(known)) {
    if (spec.Required && given[name] === undefined) findings.push(`${path}: lacks ${name}`);
  }
  for (const [name, one] of Object.entries(given)) {
    findings.push(...(known[name] ? value(resource, known[name], one, `${path}/${name}`) : [`${path}: there is no property ${name}`]));
  }
  return findings;
}
const RESOURCE_FIELDS = ['Type', 'Properties', 'Condition', 'DependsOn', 'DeletionPolicy', 'UpdateReplacePolicy', 'Metadata'];
const shapes = ({ Resources }) => Object.entries(Resources).flatMap(([name, resource]) => {
  const type = ResourceTypes[resource.Type];
  if (!type) return [`${name}: there is no type ${resource.Type}`];
  return [
    ...Object.keys(resource).filter((field) => !RESOURCE_FIELDS.includes(field)).map((field) => `${name}: there is no ${field}`),
    ...properties(resource.Type, type.Properties, resource.Properties ?? {}, name),
  ];
});

await check('every resource fits CloudFormation\'s specification', () => shapes(template));
await check('every reference leads somewhere', () => references(template));
const broken = (change) => {
  const other = structuredClone(template);
  change(other.Resources);
  return other;
};
await refuses('an unknown type', () => shapes(broken((all) => { all.Key.Type = 'AWS::KMS::Keys'; })));
await refuses('a misspelt property', () => shapes(broken((all) => { all.Table.Properties.DeleteProtection = true; })));
await refuses('a misspelt property below another', () =>
  shapes(broken((all) => { all.LaunchTemplate.Properties.LaunchTemplateData.MetadataOptions.HttpToken = 'required'; })));
await refuses('a missing property', () => shapes(broken((all) => { delete all.Key.Properties.KeyPolicy; })));
await refuses('a wrong type', () => shapes(broken((all) => { all.Key.Properties.EnableKeyRotation = 'perhaps'; })));
await refuses('a reference to nothing', () => references(broken((all) => { all.Table.Properties.TableName = { Ref: 'Tabel' }; })));
await refuses('an attribute that is none', () =>
  references(broken((all) => { all.ParentPolicy.Properties.Roles = [{ 'Fn::GetAtt': ['ParentRole', 'Arm'] }]; })));

// What the template's values come to, for a stack with these parameters.
function evaluate(node, set) {
  const isTrue = (name) => evaluate(template.Conditions[name], set);
  if (Array.isArray(node)) return node.map((item) => evaluate(item, set)).filter((item) => item !== undefined);
  if (node === null || typeof node !== 'object') return node;
  if (isFunction(node)) {
    const [[name, body]] = Object.entries(node);
    if (name === 'Ref') return body === 'AWS::NoValue' ? undefined : set[body] ?? parameter(body);
    if (name === 'Fn::If') return evaluate(isTrue(body[0]) ? body[1] : body[2], set);
    if (name === 'Fn::Equals') return isDeepStrictEqual(...body.map((item) => evaluate(item, set)));
    if (name === 'Fn::Not') return !evaluate(body[0], set);
    if (name === 'Fn::Base64') return body;
    if (name === 'Fn::Join') return evaluate(body[1], set).join(body[0]);
    if (name === 'Fn::GetAtt') return set[body.join('.')];
    if (name === 'Fn::Sub') return body.replaceAll(/\$\{([^}]+)\}/g, (_, inner) => set[inner] ?? parameter(inner));
    throw new Error(`${name} is not known here`);
  }
  const pairs = Object.entries(node).map(([name, child]) => [name, evaluate(child, set)]);
  return Object.fromEntries(pairs.filter(([, child]) => child !== undefined));
}
function parameter(name) {
  const { Type, Default } = template.Parameters[name];
  if (Default === undefined) throw new Error(`${name} has no default`);
  return Type === 'CommaDelimitedList' ? Default.split(',') : Default;
}
const parameters = {
  'AWS::AccountId': '111122223333', 'AWS::Partition': 'aws',
  'ParentRole.Arn': 'arn:aws:iam::111122223333:role/enclave-wallet-parent',
  AdminRoleArn: 'arn:aws:iam::111122223333:role/enclave-wallet-admin',
  Pcr0List: ['PCR0-OF-YOUR-IMAGE'],
};
const { KeyPolicy } = template.Resources.Key.Properties;
await check('key-policy.json is the template\'s policy', () => {
  const policy = JSON.parse(read('deploy/aws/key-policy.json'));
  return isDeepStrictEqual(evaluate(KeyPolicy, parameters), policy) ? [] : [JSON.stringify(evaluate(KeyPolicy, parameters), null, 1)];
});
await check('environment and epoch are those of enclave.json', () => {
  const { environment, epoch } = JSON.parse(read('deploy/enclave/enclave.json'));
  return parameter('EnvironmentName') === environment && isDeepStrictEqual(parameter('EpochList'), [String(epoch)]) ? [] : ['they are not'];
});
await check('PCR3 and PCR8 become conditions when they are given', () => {
  const set = { ...parameters, Pcr3: 'a'.repeat(96), Pcr8List: ['b'.repeat(96)] };
  const [use] = evaluate(KeyPolicy, set).Statement;
  return isDeepStrictEqual(use.Condition.StringEqualsIgnoreCase, {
    'kms:RecipientAttestation:PCR0': ['PCR0-OF-YOUR-IMAGE'],
    'kms:RecipientAttestation:PCR3': set.Pcr3, 'kms:RecipientAttestation:PCR8': set.Pcr8List,
  }) ? [] : [JSON.stringify(use.Condition)];
});
await check('nobody may schedule the key\'s deletion, and the stack keeps key and table', () => {
  const allowed = evaluate(KeyPolicy, parameters).Statement.filter((one) => one.Effect === 'Allow').flatMap((one) => one.Action);
  const matches = (pattern) => new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test('kms:ScheduleKeyDeletion');
  const kept = ['Key', 'Table'].filter((name) => {
    const { DeletionPolicy, UpdateReplacePolicy } = template.Resources[name];
    return DeletionPolicy !== 'Retain' || UpdateReplacePolicy !== 'Retain';
  });
  return [...allowed.filter(matches), ...kept];
});
for (const Platform of ['ec2', 'eks-nodes', 'eks-irsa', 'eks-pod-identity']) {
  await check(`the role's trust on ${Platform} is a policy document`, () => {
    const set = { ...parameters, Platform, OidcProvider: 'oidc.eks.eu-west-1.amazonaws.com/id/ABC' };
    let document = evaluate(template.Resources.ParentRole.Properties.AssumeRolePolicyDocument, set);
    if (typeof document === 'string') document = JSON.parse(document);
    const [statement] = document.Statement;
    const principal = { ec2: 'ec2.amazonaws.com', 'eks-nodes': 'ec2.amazonaws.com', 'eks-pod-identity': 'pods.eks.amazonaws.com' }[Platform] ??
      'arn:aws:iam::111122223333:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/ABC';
    const findings = Object.values(statement.Principal)[0] === principal ? [] : [JSON.stringify(statement.Principal)];
    if (Platform === 'eks-irsa' && Object.keys(statement.Condition.StringEquals).length !== 2) findings.push('not bound to the service account');
    return findings;
  });
}

// The calls of the code: what enw-parent's store asks DynamoDB for while it serves. CreateTable,
// DescribeTable and UpdateContinuousBackups belong to making a table, which the template does; Name
// stands in a comment.
await check('the role may do what the code does, and nothing else', () => {
  const code = read('src/aws/dynamodb.c') + readdirSync(join(root, 'src/store')).map((name) => read(`src/store/${name}`)).join('');
  const called = [...new Set([...code.matchAll(/"DynamoDB_20120810\.(\w+)"/g)].map(([, name]) => name))]
    .filter((name) => !['Name', 'CreateTable', 'DescribeTable', 'UpdateContinuousBackups'].includes(name));
  const kms = [...new Set([...read('src/aws/kms.c').matchAll(/"TrentService\.(Decrypt|GenerateDataKey)"/g)].map(([, name]) => name))];
  const wanted = [...called.map((name) => `dynamodb:${name}`), ...kms.map((name) => `kms:${name}`)].sort();
  const { Statement } = template.Resources.ParentPolicy.Properties.PolicyDocument;
  const allowed = Statement.flatMap(({ Action }) => Action).sort();
  const wide = Statement.filter(({ Resource }) => Resource === '*').map(({ Sid }) => `${Sid}: on everything`);
  return isDeepStrictEqual(wanted, allowed) ? wide : [`the code calls ${wanted}`, `the role may ${allowed}`];
});
await check('the table is the one that the code makes', () => {
  const code = read('src/aws/dynamodb.c');
  const { KeySchema, GlobalSecondaryIndexes: [index], BillingMode } = template.Resources.Table.Properties;
  const findings = [];
  if (KeySchema[0].AttributeName !== 'name') findings.push('key');
  if (!code.includes(`"IndexName", "${index.IndexName}"`)) findings.push('index');
  if (!code.includes(`"ProjectionType", "${index.Projection.ProjectionType}"`)) findings.push('projection');
  if (!code.includes(`"BillingMode", "${BillingMode}"`)) findings.push('billing');
  return findings;
});
await check('a node group gets neither a profile nor an image, and its pods reach metadata', () => {
  const data = structuredClone(template.Resources.LaunchTemplate.Properties.LaunchTemplateData);
  const { IamInstanceProfile, ImageId, MetadataOptions } = evaluate(data, { ...parameters, Platform: 'eks-nodes' });
  return IamInstanceProfile || ImageId || MetadataOptions.HttpPutResponseHopLimit !== 2 ? ['not so'] : [];
});
await check('the launch template\'s user data: its parts, its shell, the allocator\'s settings', async () => {
  const text = template.Resources.LaunchTemplate.Properties.LaunchTemplateData.UserData['Fn::Base64'];
  const script = one(text, /\n(#!\/bin\/bash\n[\s\S]*?)--==enclave-wallet==--\n$/);
  const { execFileSync } = await import('node:child_process');
  execFileSync('bash', ['-n'], { input: script, stdio: ['pipe', 'pipe', 'pipe'] });
  const allocator = one(script, /allocator\.yaml <<'EOF'\n([\s\S]*?)EOF/);
  const [settings, ours] = [allocator, read('deploy/nitro/allocator.yaml')].map((document) => parse(document));
  const { MetadataOptions } = evaluate(template.Resources.LaunchTemplate.Properties.LaunchTemplateData, { ...parameters, ImageId: 'ami', 'InstanceProfile.Arn': 'arn' });
  const findings = isDeepStrictEqual(settings, ours) ? [] : ['allocator'];
  if (MetadataOptions.HttpTokens !== 'required' || MetadataOptions.HttpPutResponseHopLimit !== 1) findings.push('metadata');
  return findings;
});
end();
