/**
 * The page's worker: loads the folded network and runs it on WebGPU or WebAssembly. In a worker, the
 * page stays responsive, and the CPU backend's threads may block.
 */
/// <reference lib="dom" />
import type { Executable } from "../backends/backend.ts";
import { openBackend } from "../backends/registry.ts";
import { messageOf, RunError } from "../errors.ts";
import type { Program } from "../graph/types.ts";
import { type Activation, probabilitiesOf } from "../networks/activation.ts";
import { networkProgram, parseFoldedNetwork } from "../networks/network.ts";
import { calibratedProgram } from "../networks/temperature.ts";
import { parseSafetensors } from "../safetensors/safetensors.ts";
import type { Engine, Reply, Request } from "./messages.ts";

/** Location of the network, next to the page. */
const NETWORK = "network.safetensors";

interface Network {
  readonly program: Program;
  readonly activation: Activation | undefined;
}

interface Ready {
  readonly engine: "webgpu" | "cpu";
  readonly executable: Executable;
}

const network = loadNetwork();
let ready: Ready | undefined;
/** Requests are answered one at a time. */
let done: Promise<void> = Promise.resolve();

self.onmessage = ({ data }: MessageEvent<Request>) => {
  done = done.then(() => answer(data)).catch((error: unknown) =>
    reply({ kind: "failure", message: messageOf(error) })
  );
};

async function answer(request: Request): Promise<void> {
  if (request.kind === "open") await open(request.engine);
  else await classify(request.pixels);
}

async function loadNetwork(): Promise<Network> {
  const response = await fetch(NETWORK);
  if (!response.ok) {
    throw new RunError(`${NETWORK} could not be loaded (status ${response.status})`);
  }
  const contents = parseSafetensors(new Uint8Array(await response.arrayBuffer()), NETWORK);
  const folded = parseFoldedNetwork(NETWORK, contents);
  const { description } = folded;
  const program = calibratedProgram(networkProgram(folded, 1), description);
  return { program, activation: description.activation };
}

/** Prepares the network; if WebGPU fails, on WebAssembly. */
async function open(engine: Engine): Promise<void> {
  ready?.executable.dispose();
  ready = undefined;
  let notice: string | undefined;
  try {
    ready = await prepare(engine);
  } catch (error) {
    if (engine === "cpu") throw error;
    notice = messageOf(error);
    ready = await prepare("cpu");
  }
  const canWebgpu = await navigator.gpu?.requestAdapter() != null;
  reply({ kind: "ready", engine: ready.engine, canWebgpu, ...(notice ? { notice } : {}) });
}

async function prepare(engine: Engine): Promise<Ready> {
  const backend = await openBackend({ backend: engine });
  const { program: infer } = await network;
  const executable = await backend.compile([infer]);
  // The first execution has extra costs, which would distort the measured time.
  const [input] = infer.nodes.filter(({ op }) => op.name === "input");
  const size = input.outputs[0].shape.reduce((product, extent) => product * extent, 1);
  await executable.run(infer.name, { pixels: new Uint8Array(size) });
  return { engine: backend.name === "webgpu" ? "webgpu" : "cpu", executable };
}

async function classify(pixels: Uint8Array): Promise<void> {
  if (!ready) throw new RunError("the network is not ready");
  const { program, activation } = await network;
  const start = performance.now();
  let logits: Float32Array;
  try {
    ({ logits } = await ready.executable.run(program.name, { pixels }));
  } catch (error) {
    // A page may lose its device at any time, for instance in the background.
    if (ready.engine !== "webgpu") throw error;
    await open("cpu");
    return await classify(pixels);
  }
  const milliseconds = performance.now() - start;
  if (!logits.every(Number.isFinite)) {
    throw new RunError(
      "the network's results for this image are not finite; its training diverged",
    );
  }
  reply({ kind: "result", probabilities: probabilitiesOf(logits, activation), milliseconds });
}

function reply(message: Reply): void {
  self.postMessage(message);
}
