// DBOS Transact's side of bench/peers/run.
//
//   dbos.mjs SERVER POOL               loads as JSON lines, until stdin ends
//   dbos.mjs SERVER POOL load KIND ID  a cold process: one line when the outputs of the workflow's steps are in memory;
//                                      KIND is "launch" (the whole runtime) or "client" (DBOSClient, which runs nothing)
//
// A workflow's state is what its steps returned: it is given back step by step when the workflow is run again. So each
// step returns what it adds, and the growing state lies in the workflow's memory.
import { DBOS, DBOSClient } from "@dbos-inc/dbos-sdk";

import { filler, inLanes, newId, oneLess, perform, say, seconds } from "./load.mjs";

const began = performance.now();
const [server, pool, , kindOfLoad, idOfLoad] = process.argv.slice(2);
const quiet = { info() {}, debug() {}, warn: console.error, error: console.error };
const settings = { name: "peers", systemDatabaseUrl: server, systemDatabasePoolSize: Number(pool), logger: quiet, applicationVersion: "1" };

const workflow = (name, step) =>
  DBOS.registerWorkflow(async (steps, bytes) => {
    const state = [];
    for (let left = steps; left > 0; ) {
      const number = left;
      state.push(await DBOS.runStep(async () => step(number, bytes), { name: "step" }));
      left = oneLess(left);
    }
    return state.length;
  }, { name });

const chain = workflow("chain", (_, bytes) => filler(bytes));
const growing = workflow("growing", (_, bytes) => filler(bytes));
const film = workflow("film", (number, bytes) => ({ scene: `scene_${number}`, prompt: filler(bytes), take: 1 }));

const run = async (started, load, workflowID) =>
  (await DBOS.startWorkflow(started, { workflowID })(load.steps, load.bytes)).getResult();

const one = async (started, load) => {
  const id = newId();
  const begin = performance.now();
  if ((await run(started, load, id)) !== load.steps) throw new Error("the workflow is not at its end");
  return { seconds: seconds(begin), steps: load.steps, id };
};

if (idOfLoad) {
  let steps;
  if (kindOfLoad === "client") {
    steps = await (await DBOSClient.create({ systemDatabaseUrl: server, logger: quiet })).listWorkflowSteps(idOfLoad);
  } else {
    DBOS.setConfig(settings);
    await DBOS.launch();
    steps = await DBOS.listWorkflowSteps(idOfLoad);
  }
  const scenes = Object.fromEntries(steps.map((step) => [step.output.scene, step.output]));
  say({ scenes: Object.keys(scenes).length, inside_ms: performance.now() - began });
  process.exit(0);
}
DBOS.setConfig(settings);
await DBOS.launch();
await perform({
  chain: (load) => inLanes(load, () => run(chain, load, newId())),
  grow: (load) => one(growing, load),
  film: (load) => one(film, load),
});
await DBOS.shutdown();
