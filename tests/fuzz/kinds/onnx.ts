import { adoptState, readForeignState } from "../../../checkpoints/import.ts";
import { encodeOnnx } from "../../../checkpoints/onnx.ts";
import { inferenceProgram } from "../../../models/inference.ts";
import type { Kind } from "../kind.ts";
import { foldedNetworks, runNetwork, tinyNetworks } from "../networks.ts";
import { mutateMessage, type Schema } from "../protobuf.ts";

/** Fields of onnx.proto that hold messages: graph, with nodes, initialisers, inputs and outputs. */
const MODEL: Schema = { 7: { 1: { 5: {} }, 5: {}, 11: { 2: {} }, 12: { 2: {} } }, 8: {}, 14: {} };

const [{ model, description }] = tinyNetworks();

/** Weights in ONNX files. */
export const onnx: Kind = {
  file: "weights.onnx",
  async samples() {
    const [network] = foldedNetworks();
    return [
      await encodeOnnx(network, { batchNorm: false }),
      await encodeOnnx(network, { batchNorm: false, precision: "f16", includePreprocessing: true }),
    ];
  },
  mutate: (sound, random) => mutateMessage(sound, MODEL, random),
  async read(path) {
    adoptState(model, await readForeignState(path));
    return () => runNetwork({ program: (batch) => inferenceProgram(model, description, batch) });
  },
};
