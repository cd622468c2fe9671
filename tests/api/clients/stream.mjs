// EventSource for Node.js as a client of one film.
//   node stream.mjs <base> <film> cut <seed> <rounds>     cut at random, come back with Last-Event-ID, compare with the whole
//   node stream.mjs <base> <film> follow                  one EventSource that reconnects by itself, until the film is complete;
//                                                         prints each durable event's id and hash as it comes
import { createHash } from "node:crypto";
import { EventSource } from "eventsource";

const [, , base, film, mode, seed, rounds] = process.argv;
const url = `${base}/api/events/${film}?deltas=1`;
const hash = (event) => createHash("sha256").update(JSON.stringify(event)).digest("hex").slice(0, 16);

// Durable events in order, up to the end of the film or `budget` of them.
function read(after, budget = Infinity) {
  return new Promise((resolve, reject) => {
    const headers = after ? { "Last-Event-ID": after } : {};
    const source = new EventSource(url, { fetch: (input, init) => fetch(input, { ...init, headers: { ...init.headers, ...headers } }) });
    const seen = [];
    const end = (what, value) => { source.close(); what(value); };
    source.onmessage = (message) => {
      const event = JSON.parse(message.data);
      if (!event.id) return;
      if (message.lastEventId !== event.id) return end(reject, new Error(`id: ${message.lastEventId}, in data ${event.id}`));
      seen.push([event.id, hash(event), event.type]);
      if (event.type === "WORKFLOW_COMPLETED" || seen.length >= budget) end(resolve, seen);
    };
    source.onerror = (error) => end(reject, new Error(`the stream failed: ${error.code} ${error.message}`));
  });
}

if (mode === "follow") {
  // From the beginning once; then it is EventSource's own business to come back with the last id.
  let first = true;
  const source = new EventSource(url, {
    fetch: (input, init) => {
      const headers = { ...init.headers, ...(first ? { "Last-Event-ID": "0.0" } : {}) };
      first = false;
      return fetch(input, { ...init, headers });
    },
  });
  source.onmessage = (message) => {
    const event = JSON.parse(message.data);
    if (!event.id) return;
    console.log(JSON.stringify([event.id, hash(event), event.type]));
    if (event.type === "WORKFLOW_COMPLETED") source.close();
  };
  source.onerror = (error) => {
    if (source.readyState !== EventSource.CLOSED) return;
    console.error(`EventSource gave up: ${error.code} ${error.message}`);
    process.exitCode = 1;
  };
} else {
  let state = Number(seed) >>> 0 || 1;
  const random = (most) => ((state = (Math.imul(state, 1664525) + 1013904223) >>> 0), 1 + (state % most));
  const whole = await read("0.0");
  const order = whole.map(([id]) => id.split(".").map(Number));
  for (let i = 1; i < order.length; ++i) if (!(order[i - 1][0] < order[i][0] || (order[i - 1][0] === order[i][0] && order[i - 1][1] + 1 === order[i][1]))) throw new Error(`order: ${whole[i - 1][0]}, then ${whole[i][0]}`);
  let cuts = 0;
  for (let round = 0; round < Number(rounds); ++round) {
    const seen = [];
    while (!seen.length || seen[seen.length - 1][2] !== "WORKFLOW_COMPLETED") {
      seen.push(...(await read(seen.length ? seen[seen.length - 1][0] : "0.0", random(9))));
      ++cuts;
    }
    if (JSON.stringify(seen) !== JSON.stringify(whole)) throw new Error(`round ${round}: the union is not the whole`);
  }
  console.log(`${whole.length} durable events, ${cuts} cuts in ${rounds} rounds, seed ${seed}`);
}
