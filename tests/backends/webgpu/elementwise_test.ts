import { assertEquals } from "@std/assert";
import { output, trace } from "../../../graph/trace.ts";
import { input, readVariable, updateVariable } from "../../../graph/trace.ts";
import { add } from "../../../ops/add.ts";
import { channelNormalize } from "../../../ops/channel_normalize.ts";
import { multiplyScalar } from "../../../ops/multiply_scalar.ts";
import { relu } from "../../../ops/relu.ts";
import { scale } from "../../../ops/scale.ts";
import { tanh } from "../../../ops/tanh.ts";
import { compute } from "../../support/run.ts";
import { checkAgainstReference, gpuBackend, gpuTest, randomTensor } from "./gpu.ts";

gpuTest("elementwise chains agree with the reference for every kind of broadcast", async () => {
  for (const shape of [[3], [5, 7], [2, 3, 4, 4], [2, 3, 5, 3], [2, 8, 1, 1]]) {
    const channels = shape.length > 1 ? [shape[1]] : shape;
    await checkAgainstReference(
      {
        x: randomTensor(shape, 1),
        y: randomTensor(shape, 2),
        c: randomTensor(channels, 3),
        v: { shape: channels, data: randomTensor(channels, 4).data.map((v) => v + 1.5) },
        s: randomTensor([], 5),
      },
      ({ x, y, c, v, s }) => ({
        a: tanh(scale(add(x, relu(y)), 20)),
        b: shape.length > 1 ? channelNormalize(x, c, v, { weight: v, bias: c }) : add(x, c),
        c: multiplyScalar(x, s),
      }),
    );
  }
});

gpuTest("ReLU keeps NaN", async () => {
  const data = Float32Array.of(NaN, -1, 2, -Infinity, Infinity, 0, NaN);
  const { y } = await compute(await gpuBackend(), { x: { shape: [7], data } }, ({ x }) => ({
    y: relu(x),
  }));
  assertEquals([...y], [NaN, 0, 2, 0, Infinity, 0, NaN]);
});

gpuTest(
  "variables start as zeros, take updates after all reads and can be read and written",
  async () => {
    const program = trace({ name: "count", variables: [{ name: "state", size: 200 }] }, () => {
      const x = input("x", [3]);
      const first = readVariable("state", 1, [3]);
      const second = readVariable("state", 101, [3]);
      updateVariable("state", 1, second);
      updateVariable("state", 101, add(first, x));
      output("first", first);
    });
    const executable = await (await gpuBackend()).compile([program]);
    const x = Float32Array.of(1, 2, 3);
    executable.write("state", Float32Array.of(10, 20, 30), 101);
    const results = await Promise.all([1, 2, 3, 4].map(() => executable.run("count", { x })));
    assertEquals(results.map(({ first }) => [...first]), [[0, 0, 0], [10, 20, 30], [1, 2, 3], [
      11,
      22,
      33,
    ]]);
    const state = await executable.read("state");
    assertEquals([...state.slice(1, 4)], [2, 4, 6]);
    assertEquals([...state.slice(100, 105)], [0, 12, 24, 36, 0]);
    executable.dispose();
  },
);
