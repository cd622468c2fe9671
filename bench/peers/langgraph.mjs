// LangGraph's side of bench/peers/run.
//
//   langgraph.mjs SERVER POOL                  loads as JSON lines, until stdin ends
//   langgraph.mjs SERVER POOL load KIND ID     a cold process: one line when the thread's state is in memory
//
// KIND is how the growing part of the state is kept: "reducer" (a channel with a reducer, stored whole at each step) or
// "delta" (DeltaChannel, beta: what each step wrote, and all of it every 100 steps).
import { Annotation, DeltaChannel, END, START, StateGraph } from "@langchain/langgraph";
import { PostgresSaver } from "@langchain/langgraph-checkpoint-postgres";
import pg from "pg";

import { filler, inLanes, newId, oneLess, perform, say, seconds } from "./load.mjs";

const began = performance.now();
const [server, pool, , kindOfLoad, idOfLoad] = process.argv.slice(2);
const checkpointer = new PostgresSaver(new pg.Pool({ connectionString: server, max: Number(pool) }));

/** A node that leads to itself until no step is left. */
const loop = (channels, step) =>
  new StateGraph(Annotation.Root({ left: Annotation(), bytes: Annotation(), ...channels }))
    .addNode("step", (state) => ({ ...step(state), left: oneLess(state.left) }))
    .addEdge(START, "step")
    .addConditionalEdges("step", (state) => (state.left > 0 ? "step" : END))
    .compile({ checkpointer });

const list = {
  reducer: () => Annotation({ reducer: (all, more) => all.concat(more), default: () => [] }),
  delta: () => new DeltaChannel((all, writes) => all.concat(...writes), { initialValueFactory: () => [] }),
};
const members = {
  reducer: () => Annotation({ reducer: (all, more) => ({ ...all, ...more }), default: () => ({}) }),
  delta: () => new DeltaChannel((all, writes) => Object.assign({}, all, ...writes), { initialValueFactory: () => ({}) }),
};

const chain = loop({ text: Annotation() }, (state) => ({ text: filler(state.bytes) }));
const growing = (kind) => loop({ chapters: list[kind]() }, (state) => ({ chapters: [filler(state.bytes)] }));
const film = (kind) =>
  loop({ scenes: members[kind]() }, (state) => ({ scenes: { [`scene_${state.left}`]: { prompt: filler(state.bytes), take: 1 } } }));

const run = async (graph, load, id) => {
  const end = await graph.invoke({ left: load.steps, bytes: load.bytes },
    { configurable: { thread_id: id }, durability: "sync", recursionLimit: load.steps + 10 });
  if (end.left !== 0) throw new Error("the chain is not at its end");
};

const one = async (graph, load) => {
  const id = newId();
  const begin = performance.now();
  await run(graph, load, id);
  return { seconds: seconds(begin), steps: load.steps, id };
};

if (idOfLoad) {
  const state = await film(kindOfLoad).getState({ configurable: { thread_id: idOfLoad } });
  say({ scenes: Object.keys(state.values.scenes).length, inside_ms: performance.now() - began });
  process.exit(0);
}
await checkpointer.setup();
await perform({
  chain: (load) => inLanes(load, () => run(chain, load, newId())),
  grow: (load) => one(growing(load.kind), load),
  film: (load) => one(film(load.kind), load),
});
await checkpointer.end();
