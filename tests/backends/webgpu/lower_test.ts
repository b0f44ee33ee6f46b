import { assert, assertEquals } from "@std/assert";
import { programCost } from "../../../backends/webgpu/cost.ts";
import type { MemoryBuffer, Ref } from "../../../backends/webgpu/kernel.ts";
import { lowerProgram, variableBuffers } from "../../../backends/webgpu/lower.ts";
import { planTemporaries } from "../../../backends/webgpu/memory.ts";
import { buildShader } from "../../../backends/webgpu/shader.ts";
import { input, output, readVariable, trace } from "../../../graph/trace.ts";
import type { Program } from "../../../graph/types.ts";
import { buildModel } from "../../../models/registry.ts";
import { conv2d } from "../../../ops/conv2d.ts";
import { relu } from "../../../ops/relu.ts";
import type { OptimizerOptions } from "../../../training/optimizers/registry.ts";
import { imageInput } from "../../../training/image_input.ts";
import { type Recipe, resolveRecipe } from "../../../training/recipe.ts";
import { stepProgram } from "../../../training/step_program.ts";

const SGD: Recipe = { optimizer: { name: "sgd", learningRate: 0.1, momentum: 0.9 } };

/** A training step of a residual network with DO-Conv. */
function resnet(batchSize: number, recipe = SGD): Program {
  const inputSize = [32, 32] as const;
  const options = { classes: 10, inputSize, convolution: "do_conv" } as const;
  const model = buildModel("cifar_resnet20_v1", options);
  const images = {
    input: { height: 32, width: 32, channels: 3 },
    normalization: { mean: [0, 0, 0], std: [1, 1, 1] },
  };
  return stepProgram({
    recipe: resolveRecipe(model, recipe, { classes: 10 }),
    traceInput: imageInput(images, { padding: 4 }),
    batchSize,
  });
}

const lowered = (program: Program) => lowerProgram(program, variableBuffers([program]));

Deno.test("temporaries that live at the same time never share a buffer, and every buffer is large enough", () => {
  const program = lowered(resnet(2));
  const { slots, sizes } = planTemporaries(program);
  const lives = new Map<MemoryBuffer, [number, number]>();
  const use = ({ buffer }: Ref, dispatch: number) => {
    if (buffer.kind === "temporary") {
      lives.set(buffer, [lives.get(buffer)?.[0] ?? dispatch, dispatch]);
    }
  };
  program.dispatches.forEach(({ operands }, i) =>
    Object.values(operands).forEach(({ ref }) => use(ref, i))
  );
  const copied = program.copies.map(({ source }) => source);
  const end = program.dispatches.length;
  [...Object.values(program.outputs), ...copied].forEach((ref) => use(ref, end));
  assertEquals(slots.size, lives.size);
  const buffers = [...lives];
  buffers.forEach(([a, [firstA, lastA]], i) => {
    assert(sizes[slots.get(a)!] >= a.bytes);
    for (const [b, [firstB, lastB]] of buffers.slice(0, i)) {
      const together = firstA <= lastB && firstB <= lastA;
      assert(!together || slots.get(a) !== slots.get(b), `${a.label} and ${b.label}`);
    }
  });
  assert(sizes.length < buffers.length / 2, "most buffers are shared");
});

Deno.test("a dispatch reads only what earlier dispatches have written", () => {
  const { dispatches } = lowered(resnet(2));
  const written = new Map<MemoryBuffer, [number, number][]>();
  for (const { operands, label } of dispatches) {
    const all = Object.values(operands);
    for (const { ref: { buffer, offset, bytes }, write } of all) {
      if (write || buffer.kind !== "temporary") continue;
      const covers = written.get(buffer)?.some(([start, end]) =>
        start < offset + bytes && offset < end
      );
      assert(covers, `${label} reads ${buffer.label} before it is written`);
    }
    for (const { ref: { buffer, offset, bytes }, write } of all) {
      if (!write) continue;
      written.set(buffer, [...(written.get(buffer) ?? []), [offset, offset + bytes]]);
    }
  }
});

Deno.test("a buffer that a shader writes is bound only once", () => {
  for (const dispatch of lowered(resnet(2)).dispatches) {
    const { bindings } = buildShader(dispatch);
    for (const { buffer } of bindings.filter(({ write }) => write)) {
      assertEquals(bindings.filter((binding) => binding.buffer === buffer).length, 1);
    }
  }
});

Deno.test("a training step needs few dispatches and moves little more memory than necessary", () => {
  const cost = programCost(resnet(128));
  assert(cost.dispatches <= 260, `${cost.dispatches} dispatches`);
  const ratio = cost.bytes / cost.perfectBytes;
  assert(ratio <= 2, `${ratio} times the memory of a perfect program`);
  assert(cost.pipelines < cost.dispatches / 2, "layers of equal shapes share pipelines");
});

const GREEDIEST: readonly [name: string, OptimizerOptions, halfActivations: boolean][] = [
  ["sgd", { name: "sgd", learningRate: 0.1, momentum: 0.9 }, true],
  ["sgd", { name: "sgd", learningRate: 0.1, momentum: 0.9 }, false],
  ["adamw", "adamw", true],
  ["adamw", { name: "adamw", amsgrad: true }, false],
  ["rmsprop", { name: "rmsprop", momentum: 0.9 }, true],
  ["rmsprop", { name: "rmsprop", momentum: 0.9, centered: true }, false],
];
for (const [name, optimizer, halfActivations] of GREEDIEST) {
  const precision = halfActivations ? "mixed" : "full";
  Deno.test(`a step of ${name} in ${precision} precision needs no more buffers per shader than every adapter offers`, () => {
    // WebGPU guarantees eight.
    const program = resnet(2, {
      optimizer,
      ...(halfActivations ? { lossScale: {} } : {}),
      clip: { norm: 1 },
      ema: {},
    });
    const { dispatches } = lowerProgram(program, variableBuffers([program]), undefined, {
      maxStorageBuffers: 8,
      halfActivations,
    });
    const greedy = dispatches.filter((dispatch) => buildShader(dispatch).bindings.length > 8);
    assertEquals(greedy.map(({ name }) => name), []);
  });
}

Deno.test("merged dispatches have no more workgroups than every adapter accepts", () => {
  const count = 64;
  const size = 256 * 256;
  const variables = [{ name: "kernels", size: count * size }];
  const program = trace({ name: "many", variables }, () => {
    let x = input("x", [1, 256, 2, 2]);
    for (let i = 0; i < count; i++) {
      x = relu(conv2d(x, readVariable("kernels", i * size, [256, 256, 1, 1])));
    }
    output("y", x);
  });
  for (const { label, workgroups } of lowered(program).dispatches) {
    assert(Math.max(...workgroups) <= 65535, `${label} has ${workgroups} workgroups`);
  }
});
