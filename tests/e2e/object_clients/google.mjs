// Google's own client and ours, each reading what the other wrote.
//   node google.mjs <endpoint> <object_tool> <scratch folder>
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import {execFileSync, spawnSync} from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import {Storage} from '@google-cloud/storage';

const [endpoint, tool, scratch] = process.argv.slice(2);
const env = {...process.env, STORAGE_EMULATOR_HOST: endpoint};
const location = 'gs://films/ada';
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

// apiEndpoint, not STORAGE_EMULATOR_HOST: with that this client leaves out /storage/v1.
const google = new Storage({apiEndpoint: endpoint, projectId: 'p', useAuthWithCustomEndpoint: false,
  retryOptions: {autoRetry: false}});
const [bucket] = await google.createBucket('films');

// Google's client reads what we wrote.
const objects = {
  'one/state.json': Buffer.from('{"a":1}'),
  'one/images/frames/scene_001_frame_start_01.png': crypto.randomBytes(70_001),
  'one/scenes/scene_001_01.mp4': crypto.randomBytes(9 << 20),  // resumable
  'one/empty.txt': Buffer.alloc(0),
};
const cache = {'one/state.json': 'no-store', 'one/empty.txt': 'no-store'};
const types = {json: 'application/json', png: 'image/png', mp4: 'video/mp4', txt: 'text/plain; charset=utf-8'};
for (const [name, bytes] of Object.entries(objects)) {
  const [info] = ours('put', name, file('source', bytes));
  const [read] = await bucket.file('ada/' + name).download({validation: 'crc32c'});
  assert.ok(read.equals(bytes), name);
  const [metadata] = await bucket.file('ada/' + name).getMetadata();
  assert.equal(metadata.metadata['workprint-sha256'], sha256(bytes));
  assert.equal(String(metadata.generation), info.version);
  assert.equal(metadata.contentType, types[name.split('.').at(-1)]);
  assert.equal(metadata.cacheControl, cache[name] ?? 'private, max-age=31536000, immutable');
}
const [listed] = await bucket.getFiles({prefix: 'ada/one/'});
assert.deepEqual(listed.map(f => f.name), Object.keys(objects).map(n => 'ada/' + n).sort());

// We read what Google's client wrote, which left no SHA-256 of ours.
const theirs = crypto.randomBytes(300_000);
await bucket.file('ada/two/theirs.png').save(theirs, {resumable: false, contentType: 'image/png', preconditionOpts: {ifGenerationMatch: 0}});
await bucket.file('ada/two/theirs.mp4').save(theirs, {resumable: true, contentType: 'video/mp4'});
for (const name of ['two/theirs.png', 'two/theirs.mp4']) {
  const target = path.join(scratch, 'target');
  fs.rmSync(target, {force: true});
  const [info] = ours('get', name, target);
  assert.equal(info.sha256, sha256(theirs));
  assert.ok(fs.readFileSync(target).equals(theirs));
}
for (const info of ours('list', 'two/')) assert.equal(info.sha256, sha256(theirs));

// Each is fenced by the other.
assert.match(oursFails('put', 'two/theirs.png', file('source', 'x')), /^conflict/);
await assert.rejects(bucket.file('ada/one/state.json').save('{}', {resumable: false, preconditionOpts: {ifGenerationMatch: 0}}),
  error => error.code === 412);
ours('replace', 'one/state.json', file('source', '{"a":2}'));
const [replaced] = await bucket.file('ada/one/state.json').download();
assert.equal(String(replaced), '{"a":2}');
await bucket.file('ada/one/state.json').delete();
assert.match(oursFails('get', 'one/state.json', path.join(scratch, 'none')), /^not_found/);
console.log('google: 13 exchanges agree');
