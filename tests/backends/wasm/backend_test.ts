import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import type { TensorData } from "../../../backends/backend.ts";
import { runsAlone } from "../../../backends/wasm/emit.ts";
import { lowerPrograms } from "../../../backends/wasm/lower.ts";
import { familyOf } from "../../../backends/wasm/kernels/mod.ts";
import { cpuBackend } from "../../../backends/wasm/mod.ts";
import { InputError } from "../../../errors.ts";
import { isLeaf } from "../../../graph/leaves.ts";
import {
  constant,
  input,
  output,
  readVariable,
  trace,
  updateVariable,
} from "../../../graph/trace.ts";
import { type GraphNode, type Op, type Program, sizeOf } from "../../../graph/types.ts";
import { add } from "../../../ops/add.ts";
import { channelMoments } from "../../../ops/channel_moments.ts";
import { channelNormalize } from "../../../ops/channel_normalize.ts";
import { conv2d } from "../../../ops/conv2d.ts";
import { globalAvgPool2d } from "../../../ops/global_avg_pool2d.ts";
import { gradients } from "../../../ops/gradients.ts";
import { linear } from "../../../ops/linear.ts";
import { movingAverage } from "../../../ops/moving_average.ts";
import { pack } from "../../../ops/pack.ts";
import { OPS } from "../../../ops/registry.ts";
import { hardSigmoid } from "../../../ops/hard_sigmoid.ts";
import { hardSwish } from "../../../ops/hard_swish.ts";
import { leakyRelu } from "../../../ops/leaky_relu.ts";
import { relu } from "../../../ops/relu.ts";
import { relu6 } from "../../../ops/relu6.ts";
import { flatten, reshape } from "../../../ops/reshape.ts";
import { scale } from "../../../ops/scale.ts";
import { sgdUpdate } from "../../../ops/sgd_update.ts";
import { softmaxCrossEntropy } from "../../../ops/softmax_cross_entropy.ts";
import { sumSquares } from "../../../ops/sum_squares.ts";
import { randomSource } from "./node_check.ts";
import { assertClose, checkAgainstReference, COMPILED, program } from "./programs.ts";

Deno.test("every op has a kernel", () => {
  for (const op of OPS.values()) {
    if (isLeaf(op) || op.viewOffset) continue;
    familyOf({ op: op as Op } as GraphNode);
  }
});

Deno.test("images pass through a chain of kernels a few at a time, on any number of threads", async () => {
  // A chunk is four images, so each thread has several, not all of equal size.
  for (const batch of [11, 12, 24]) {
    const chained = program({ kernel: 8 * 8 * 9, scale: 8 }, () => {
      const kernel = readVariable("kernel", 0, [8, 8, 3, 3]);
      const x = relu(conv2d(input("x", [batch, 8, 32, 32]), kernel, undefined, { padding: 1 }));
      const { mean, variance } = channelMoments(x);
      const scale = readVariable("scale", 0, [8]);
      const y = relu(channelNormalize(x, mean, variance, { weight: scale }));
      const z = conv2d(y, kernel, undefined, { padding: 1, stride: 2 });
      const loss = sumSquares(globalAvgPool2d(z));
      output("loss", loss);
      output("mean", mean);
      gradients(loss, [kernel, scale]).forEach((gradient, i) => output(`gradient${i}`, gradient));
    });
    const random = randomSource(batch);
    const x = Float32Array.from({ length: batch * 8 * 32 * 32 }, () => random() - 0.3);
    await checkAgainstReference(chained, { x }, 1e-5);
  }
});

Deno.test("a convolution with any algorithm absorbs the residual and the activation after it", async () => {
  const shapes = {
    direct: { x: [3, 12, 9, 7], w: [20, 12, 3, 3], activations: { relu, relu6 } },
    winograd: { x: [8, 64, 16, 16], w: [64, 64, 3, 3], activations: { relu, hardSwish } },
    depthwise: { x: [3, 24, 9, 7], w: [24, 1, 3, 3], activations: { relu, hardSwish } },
    groups: { x: [2, 6, 9, 7], w: [9, 2, 3, 3], activations: { leakyRelu, hardSigmoid } },
  } as const;
  const cases = Object.entries(shapes).flatMap(([algorithm, { activations, ...shape }]) =>
    Object.entries(activations).map(([name, activate]) => ({ algorithm, ...shape, name, activate }))
  );
  for (const { algorithm, x, w, name, activate } of cases) {
    const y = [x[0], w[0], x[2], x[3]];
    const sizes = { w: sizeOf(w), b: w[0], r: sizeOf(y) };
    const block = program(sizes, () => {
      const weight = readVariable("w", 0, w), bias = readVariable("b", 0, [w[0]]);
      const options = { padding: 1, groups: x[1] / w[1] };
      const residual = relu(readVariable("r", 0, y));
      const first = conv2d(input("x", x), weight, undefined, options);
      output("plain", activate(first));
      // A value with two uses is not fused with either.
      output("residual", residual);
      output("block", activate(add(residual, conv2d(input("x2", x), weight, bias, options))));
    });
    const [lowered] = lowerPrograms([block], COMPILED).programs;
    const ops = lowered.main.launches.map(({ op }) => op);
    assertEquals(ops.filter((op) => op === "relu").length, 1, algorithm);
    assert(!ops.some((op) => op === "fused" || op === name && name !== "relu"), algorithm);
    assertEquals(
      lowered.main.launches.some(({ label }) => label.includes("Winograd")),
      algorithm === "winograd",
    );
    const random = randomSource(5);
    const images = () => Float32Array.from({ length: sizeOf(x) }, () => random() - 0.5);
    await checkAgainstReference(block, { x: images(), x2: images() }, 1e-4);
  }
});

Deno.test("threads may take images dynamically; results differ only in the last digits", async () => {
  const program = trainingStep(300);
  const results: Float32Array[] = [];
  for (const partition of ["static", "dynamic"] as const) {
    const executable = await cpuBackend({ threads: { count: 3, partition } }).compile([program]);
    const random = randomSource(3);
    executable.write("parameters", Float32Array.from({ length: 172 }, () => random() - 0.5));
    for (let run = 0; run < 5; run++) await executable.run("train", trainingInputs(300));
    results.push(await executable.read("parameters"));
    executable.dispose();
  }
  assertClose(results[1], results[0], 1e-5, "parameters");
});

Deno.test("values that depend only on constants are computed before the first run", async () => {
  const weights = Float32Array.from({ length: 4 * 4 * 9 }, (_, i) => (i % 7 - 3) / 4);
  const constants = program({}, () => {
    const kernel = constant([4, 4, 3, 3], weights);
    output("y", conv2d(input("x", [2, 4, 8, 8]), relu(kernel), undefined, { padding: 1 }));
    output("kernel", relu(kernel));
  });
  const [lowered] = lowerPrograms([constants], COMPILED).programs;
  const ops = ({ launches }: typeof lowered.main) => launches.map(({ op }) => op);
  assertEquals(ops(lowered.preparation).toSorted(), ["conv2d", "relu", "relu"]);
  assertEquals(ops(lowered.main).filter((op) => op === "conv2d").length, 1);
  await checkAgainstReference(constants, { x: new Float32Array(2 * 4 * 64).fill(0.5) });
});

/** A small network's training step: convolution, batch norm, pool, linear layer, loss, SGD. */
function trainingStep(batch: number, name = "train"): Program {
  const sizes = { weight: 5 * 3 * 9, gamma: 5, beta: 5, matrix: 4 * 5, bias: 4 };
  const offsets = { weight: 0, gamma: 135, beta: 140, matrix: 145, bias: 165 };
  const total = 172;
  const variables = [
    { name: "parameters", size: total },
    { name: "momentum", size: total },
    { name: "buffers", size: 10 },
  ];
  return trace({ name, training: true, variables }, () => {
    const read = (part: keyof typeof sizes, shape: readonly number[]) =>
      readVariable("parameters", offsets[part], shape);
    const weight = read("weight", [5, 3, 3, 3]), matrix = read("matrix", [4, 5]);
    const gamma = read("gamma", [5]), beta = read("beta", [5]), bias = read("bias", [4]);
    const x = conv2d(input("x", [batch, 3, 6, 6]), weight, undefined, { padding: 1 });
    const { mean, variance } = channelMoments(x);
    const normal = relu(channelNormalize(x, mean, variance, { weight: gamma, bias: beta }));
    const logits = linear(flatten(globalAvgPool2d(normal)), matrix, bias);
    const loss = softmaxCrossEntropy(logits, input("labels", [batch], "i32"));
    const wrt = [weight, gamma, beta, matrix, bias];
    const gradient = pack(gradients(loss, wrt), Object.values(offsets), total);
    const { parameter, momentumBuffer } = sgdUpdate(
      readVariable("parameters", 0, [total]),
      gradient,
      {
        learningRate: input("learningRate", []),
        momentum: 0.9,
        momentumBuffer: readVariable("momentum", 0, [total]),
      },
    );
    updateVariable("parameters", 0, parameter);
    if (momentumBuffer) updateVariable("momentum", 0, momentumBuffer);
    updateVariable("buffers", 0, movingAverage(readVariable("buffers", 0, [5]), mean, 0.9));
    updateVariable("buffers", 5, movingAverage(readVariable("buffers", 5, [5]), variance, 0.9));
    output("loss", loss);
    output("features", reshape(normal, [batch, -1]));
  });
}

function trainingInputs(batch: number): Record<string, TensorData> {
  const random = randomSource(11);
  return {
    x: Float32Array.from({ length: batch * 108 }, () => random() - 0.5),
    labels: Int32Array.from({ length: batch }, (_, i) => i % 4),
    learningRate: Float32Array.of(0.1),
  };
}

/** Few images are computed by one thread alone, many by all. */
const BATCHES = { small: 7, large: 300 };

for (const [size, batch] of Object.entries(BATCHES)) {
  Deno.test(`a training step on a ${size} batch agrees with the reference`, async () => {
    await checkAgainstReference(trainingStep(batch), trainingInputs(batch), 1e-5);
  });
}

Deno.test("only small programs run on one thread", () => {
  const alone = Object.values(BATCHES).map((batch) =>
    lowerPrograms([trainingStep(batch)], COMPILED).programs.map(({ main }) => runsAlone(main))
  );
  assertEquals(alone, [[true], [false]]);
});

/** The parameters after five runs of a training step. */
async function trained(program: Program): Promise<Float32Array> {
  const executable = await cpuBackend({ threads: 2 }).compile([program]);
  executable.write("parameters", Float32Array.from({ length: 172 }, (_, i) => Math.sin(i)));
  for (let run = 0; run < 5; run++) {
    await executable.run("train", trainingInputs(BATCHES.large));
  }
  const parameters = await executable.read("parameters");
  executable.dispose();
  return parameters;
}

Deno.test("runs repeat bit for bit", async () => {
  const program = trainingStep(BATCHES.large);
  assertEquals(await trained(program), await trained(program));
});

Deno.test("memory above 2 GiB works like any other", async () => {
  const program = trainingStep(BATCHES.large);
  // Its pages are never touched, so they cost nothing.
  const before = { name: "before", size: 560_000_000 };
  const far = { ...program, variables: [before, ...program.variables] };
  assertEquals(await trained(far), await trained(program));
});

Deno.test("calls to disposed programs are refused", async () => {
  const executable = await cpuBackend({ threads: 2 }).compile([trainingStep(3)]);
  executable.dispose();
  executable.dispose();
  const message = "have been disposed of";
  await assertRejects(() => executable.run("train", trainingInputs(3)), InputError, message);
  await assertRejects(() => executable.read("parameters"), InputError, message);
});

Deno.test("programs compiled together share variables and temporary memory", async () => {
  const backend = cpuBackend({ threads: 2 });
  const both = [trainingStep(5), trainingStep(3, "small")];
  const alone = backend.plan(both.slice(0, 1));
  const together = backend.plan(both);
  assertEquals(together.variableBytes, alone.variableBytes);
  assertEquals(together.temporaryBytes, alone.temporaryBytes);
  const executable = await backend.compile(both);
  await executable.run("train", trainingInputs(5));
  await executable.run("small", trainingInputs(3));
  assertEquals((await executable.read("buffers")).length, 10);
  executable.dispose();
});

Deno.test("a profile names every kernel and changes no variable", async () => {
  const executable = await cpuBackend({ threads: 2 }).compile([trainingStep(5)]);
  await assertRejects(() => executable.profile("train", 1), InputError, "before it has run");
  await executable.run("train", trainingInputs(5));
  const before = await executable.read("parameters");
  const timings = await executable.profile("train", 2);
  assertEquals(await executable.read("parameters"), before);
  const kernels = new Set(timings.map(({ kernel }) => kernel));
  for (const kernel of ["conv2d", "channelMoments", "sgdUpdate"]) assert(kernels.has(kernel));
  assert(timings.every(({ milliseconds }) => milliseconds >= 0));
  executable.dispose();
});

Deno.test("errors name what is wrong with a call", async () => {
  const backend = cpuBackend({ threads: 1 });
  const executable = await backend.compile([trainingStep(5)]);
  await assertRejects(() => executable.run("eval", {}), InputError, "train");
  await assertRejects(() => executable.run("train", {}), InputError, "x");
  await assertRejects(() => executable.read("weights"), InputError, "parameters");
  const tooLong = new Float32Array(173);
  assertThrows(() => executable.write("parameters", tooLong), InputError, "172");
  executable.dispose();
  assertThrows(() => cpuBackend({ threads: 0 }), InputError, "threads is 0");
  await assertRejects(() => backend.compile([trainingStep(5), trainingStep(5)]), InputError, "two");
});

Deno.test("programs that need more than 4 GiB are refused before memory is allocated", async () => {
  const size = 2 ** 29;
  const large = trace({ name: "large", variables: [{ name: "v", size }] }, () => {
    updateVariable("v", 0, scale(readVariable("v", 0, [size]), 2));
    output("w", scale(readVariable("v", 0, [size]), 3));
  });
  const backend = cpuBackend({ threads: 1 });
  assert(backend.plan([large]).totalBytes > 2 ** 32);
  await assertRejects(() => backend.compile([large]), InputError, "smaller batch");
});
