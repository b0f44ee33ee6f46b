import { adoptState, readForeignState } from "../../../weights/import.ts";
import { encodeOnnx } from "../../../onnx/export.ts";
import { loadOnnxProto } from "../../../files/protobuf.ts";
import { inferenceProgram } from "../../../models/inference.ts";
import type { Kind } from "../kind.ts";
import { foldedNetworks, tinyNetworks } from "../networks.ts";
import { runNetwork } from "../run_network.ts";
import { mutateMessage, type Schema } from "../protobuf.ts";

/** Fields of onnx.proto that are messages: graph, with nodes, initializers, inputs and outputs. */
const GRAPH: Schema = { 1: { 5: {} }, 5: { 13: {} }, 11: { 2: {} }, 12: { 2: {} } };
const MODEL: Schema = { 7: GRAPH, 8: {}, 14: {} };

/** The file with the numbers of the second sample. */
const BESIDE = "weights.data";
const NUMBERS = new Uint8Array(4096).map((_, i) => i % 4 === 3 ? 0x3f : 0);

const [{ model, description }] = tinyNetworks();

/** Weights in ONNX files. */
export const onnx: Kind = {
  file: "weights.onnx",
  async samples() {
    const [network] = foldedNetworks();
    const plain = await encodeOnnx(network, { batchNorm: false });
    return [
      plain,
      await withoutNumbers(plain),
      await encodeOnnx(network, { batchNorm: false, precision: "f16", includePreprocessing: true }),
    ];
  },
  mutate: (sound, random) => mutateMessage(sound, MODEL, random),
  async read(path, folder) {
    await Deno.writeFile(`${folder}/${BESIDE}`, NUMBERS);
    adoptState(model, await readForeignState(path));
    return () => runNetwork({ program: (batch) => inferenceProgram(model, description, batch) });
  },
};

/** The same ONNX file, with its numbers in another file. */
async function withoutNumbers(file: Uint8Array): Promise<Uint8Array> {
  const { ModelProto } = await loadOnnxProto();
  const { graph, ...model } = ModelProto.decode(file);
  const initializer = graph?.initializer?.map(({ rawData, ...tensor }) => ({
    ...tensor,
    dataLocation: 1,
    externalData: Object.entries({ location: BESIDE, offset: "0", length: `${rawData?.length}` })
      .map(([key, value]) => ({ key, value })),
  }));
  return ModelProto.encode({ ...model, graph: { ...graph, initializer } }).finish();
}
