// What the contestants on Node share: the load comes as JSON lines on stdin, what it took goes out as JSON lines.
import { randomBytes } from "node:crypto";
import { createInterface } from "node:readline";

// Six random bits a letter: the server's compression finds nothing in it.
export const filler = (bytes) => randomBytes(Math.ceil((bytes * 3) / 4)).toString("base64").slice(0, bytes);

export const say = (value) => process.stdout.write(JSON.stringify(value) + "\n");

export const seconds = (begin) => (performance.now() - begin) / 1000;

let ends = Infinity;
let done = 0;

/** What is left after one more step: one less, or nothing when the time is over. */
export const oneLess = (left) => {
  done += 1;
  return performance.now() < ends ? left - 1 : 0;
};

/** `work` in as many lanes as runs are asked for, again and again until the time is over. */
export const inLanes = async (load, work) => {
  const before = done;
  const begin = performance.now();
  ends = begin + load.seconds * 1000;
  const lane = async () => {
    while (performance.now() < ends) await work();
  };
  await Promise.all(Array.from({ length: load.runs }, lane));
  const took = seconds(begin);
  ends = Infinity;
  return { seconds: took, steps: done - before };
};

let made = 0;
export const newId = () => `run_${Date.now()}_${process.pid}_${(made += 1)}`;

export const perform = async (loads) => {
  for await (const line of createInterface({ input: process.stdin })) {
    const load = JSON.parse(line);
    say(await loads[load.do](load));
  }
};
