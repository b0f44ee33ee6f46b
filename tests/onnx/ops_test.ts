/** Every inference op on its samples: its ONNX form in ONNX Runtime against its definition. */
import { referenceBackend } from "../../backends/reference/reference.ts";
import { RandomStream, STREAM } from "../../graph/random.ts";
import { apply, constant } from "../../graph/trace.ts";
import { type Op, type Sample, sizeOf, type Value } from "../../graph/types.ts";
import { Module } from "../../layers/module.ts";
import { foldModel } from "../../networks/fold.ts";
import { type FoldedNetwork, networkProgram } from "../../networks/network.ts";
import { encodeOnnx } from "../../onnx/export.ts";
import { verifyOnnx } from "../../onnx/verify.ts";
import { concat, split } from "../../ops/concat.ts";
import { preprocessOp } from "../../ops/preprocess.ts";
import { OPS } from "../../ops/registry.ts";
import { reshape } from "../../ops/reshape.ts";
import { drawElements, sampleOperand } from "../../ops/samples.ts";
import { sum } from "../../reporting/statistics.ts";
import { inRuntime } from "../support/onnx_runtime.ts";

/**
 * A network of one op; undefined if the first axis of its sample is not a batch. Operands with the
 * same first extent are channels of the images, the others constants.
 */
function networkOf(op: Op, { operands: given, attributes }: Sample): FoldedNetwork | undefined {
  const operands = given.map(sampleOperand);
  const results = op.infer(operands, attributes).filter(({ dtype }) => dtype === "f32");
  const [batch, rank] = [operands[0]?.shape[0], operands[0]?.shape.length];
  if (batch === undefined || results.some(({ shape }) => shape[0] !== batch)) return undefined;
  const isPart = ({ shape }: typeof operands[0]) => shape.length === rank && shape[0] === batch;
  const sizes = operands.filter(isPart).map(({ shape }) => sizeOf(shape) / batch);
  const channels = sum(sizes);
  class Sampled extends Module {
    forward(images: Value): Value {
      const parts = split(reshape(images, [-1, channels]), sizes).values();
      const random = new RandomStream({ seed: 1, stream: STREAM.synthetic });
      const values = operands.map((operand) => {
        const { shape } = operand;
        return isPart(operand)
          ? reshape(parts.next().value!, [-1, ...shape.slice(1)])
          : constant(shape, drawElements(new Float32Array(sizeOf(shape)), operand, random));
      });
      return concat(
        apply(op, values, attributes).slice(0, results.length)
          .map((value) => reshape(value, [-1, sizeOf(value.shape.slice(1))])),
      );
    }
  }
  const logits = sum(results.map(({ shape }) => sizeOf(shape) / batch));
  return foldModel(new Sampled(), {
    model: op.name,
    input: { height: 1, width: 1, channels },
    normalization: { mean: Array(channels).fill(0.5), std: Array(channels).fill(1 / 16) },
    classNames: Array.from({ length: logits }, (_, i) => `${i}`),
  });
}

for (const op of OPS.values()) {
  if (!op.inference || op === preprocessOp) continue;
  const networks = op.samples.flatMap((sample) => networkOf(op, sample) ?? []);
  if (networks.length === 0) continue;
  Deno.test(`${op.name} gives the same result in ONNX Runtime`, inRuntime, async () => {
    for (const folded of networks) {
      const { description } = folded;
      const length = 3 * description.input.channels;
      await verifyOnnx(
        await encodeOnnx(folded, { batchNorm: false }),
        { description, program: (batchSize) => networkProgram(folded, batchSize) },
        referenceBackend(),
        Uint8Array.from({ length }, (_, i) => (i * i * 73) % 251),
      );
    }
  });
}
