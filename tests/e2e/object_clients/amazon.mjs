// Amazon's own client and ours, each reading what the other wrote.
//   node amazon.mjs <endpoint> <object_tool> <scratch folder>
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import {execFileSync, spawnSync} from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import {CreateBucketCommand, DeleteObjectCommand, GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client}
  from '@aws-sdk/client-s3';

const [endpoint, tool, scratch] = process.argv.slice(2);
const env = {...process.env, AWS_ACCESS_KEY_ID: 'AK', AWS_SECRET_ACCESS_KEY: 'SK'};
const location = `s3://films/ada?endpoint=${endpoint}`;
const ours = (...words) => execFileSync(tool, [location, ...words], {env, encoding: 'utf8'})
  .split('\n').filter(Boolean).map(line => JSON.parse(line));
const oursFails = (...words) => {
  const result = spawnSync(tool, [location, ...words], {env, encoding: 'utf8'});
  assert.equal(result.status, 1);
  return result.stderr;
};
const sha256 = bytes => crypto.createHash('sha256').update(bytes).digest('hex');
const file = (name, bytes) => {
  const at = path.join(scratch, name);
  fs.writeFileSync(at, bytes);
  return at;
};

const amazon = new S3Client({endpoint, region: 'us-east-1', forcePathStyle: true, maxAttempts: 1,
  requestChecksumCalculation: 'WHEN_REQUIRED', responseChecksumValidation: 'WHEN_REQUIRED',
  credentials: {accessKeyId: 'AK', secretAccessKey: 'SK'}});
const Bucket = 'films';
await amazon.send(new CreateBucketCommand({Bucket}));

const objects = {
  'one/state.json': Buffer.from('{"a":1}'),
  'one/scenes/scene_001_01.mp4': crypto.randomBytes(66 << 20),  // in parts, or in one where those are not fenced
  'one/empty.txt': Buffer.alloc(0),
};
for (const [name, bytes] of Object.entries(objects)) {
  const [info] = ours('put', name, file('source', bytes));
  const read = await amazon.send(new GetObjectCommand({Bucket, Key: 'ada/' + name}));
  assert.ok(Buffer.from(await read.Body.transformToByteArray()).equals(bytes), name);
  assert.equal(read.Metadata['workprint-sha256'], sha256(bytes));
  assert.equal(read.ETag.replaceAll('"', ''), info.version.slice(0, info.version.lastIndexOf('.')));
  assert.equal(read.CacheControl, name.endsWith('.mp4') ? 'private, max-age=31536000, immutable' : 'no-store');
}
const listed = await amazon.send(new ListObjectsV2Command({Bucket, Prefix: 'ada/one/'}));
assert.deepEqual(listed.Contents.map(o => o.Key), Object.keys(objects).map(n => 'ada/' + n).sort());

const theirs = crypto.randomBytes(300_000);
await amazon.send(new PutObjectCommand({Bucket, Key: 'ada/two/theirs.png', Body: theirs, ContentType: 'image/png'}));
const target = path.join(scratch, 'target');
fs.rmSync(target, {force: true});
const [info] = ours('get', 'two/theirs.png', target);
assert.equal(info.sha256, sha256(theirs));
assert.ok(fs.readFileSync(target).equals(theirs));
assert.equal(ours('list', 'two/')[0].sha256, sha256(theirs));
assert.match(oursFails('put', 'two/theirs.png', file('source', 'x')), /^conflict/);
await assert.rejects(amazon.send(new PutObjectCommand({Bucket, Key: 'ada/one/state.json', Body: '{}', IfNoneMatch: '*'})),
  error => error.$metadata.httpStatusCode === 412);
ours('replace', 'one/state.json', file('source', '{"a":2}'));
await amazon.send(new DeleteObjectCommand({Bucket, Key: 'ada/one/state.json'}));
assert.match(oursFails('get', 'one/state.json', path.join(scratch, 'none')), /^not_found/);
console.log('amazon: 9 exchanges agree');
