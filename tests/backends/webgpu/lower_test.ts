import { assert, assertEquals } from "@std/assert";
import { programCost } from "../../../backends/webgpu/cost.ts";
import type { MemoryBuffer } from "../../../backends/webgpu/kernel.ts";
import { lowerProgram, variableBuffers } from "../../../backends/webgpu/lower.ts";
import { planTemporaries } from "../../../backends/webgpu/memory.ts";
import { buildShader } from "../../../backends/webgpu/shader.ts";
import type { Program } from "../../../graph/types.ts";
import { layoutState } from "../../../layers/state.ts";
import { buildModel } from "../../../models/registry.ts";
import { trainingProgram } from "../../../training/step_program.ts";

/** A training step of a residual network with DO-Conv. */
function resnet(batch: number): Program {
  const inputSize = [32, 32] as const;
  const options = { classes: 10, inputSize, convolution: "do_conv" } as const;
  const model = buildModel("cifar_resnet20_v1", options);
  const optimizer = { name: "sgd", learningRate: 0.1, momentum: 0.9 } as const;
  const images = {
    input: { height: 32, width: 32, channels: 3 },
    normalization: { mean: [0, 0, 0], std: [1, 1, 1] },
  };
  const feed = { kind: "pixels", images, padding: 4 } as const;
  return trainingProgram(model, layoutState(model), { optimizer }, feed, batch);
}

const lowered = (program: Program) => lowerProgram(program, variableBuffers([program]));

Deno.test("temporaries that are alive together never share a buffer, and every buffer is large enough", () => {
  const program = lowered(resnet(2));
  const { slots, sizes } = planTemporaries(program);
  const lives = new Map<MemoryBuffer, [number, number]>();
  program.phases.forEach(({ operands }, i) => {
    for (const { ref: { buffer } } of Object.values(operands)) {
      if (buffer.kind !== "temporary") continue;
      lives.set(buffer, [lives.get(buffer)?.[0] ?? i, i]);
    }
  });
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

Deno.test("what a phase reads has been written by the phases before it", () => {
  const { phases } = lowered(resnet(2));
  const written = new Map<MemoryBuffer, [number, number][]>();
  for (const { operands, label } of phases) {
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

Deno.test("no shader binds a buffer twice if it writes it", () => {
  for (const phase of lowered(resnet(2)).phases) {
    const { bindings } = buildShader(phase);
    for (const { buffer } of bindings.filter(({ write }) => write)) {
      assertEquals(bindings.filter((binding) => binding.buffer === buffer).length, 1);
    }
  }
});

Deno.test("a training step takes few dispatches and moves little more memory than it must", () => {
  const cost = programCost(resnet(128));
  assert(cost.dispatches <= 260, `${cost.dispatches} dispatches`);
  const ratio = cost.bytes / cost.perfectBytes;
  assert(ratio <= 2, `${ratio} times the memory of a perfect program`);
  assert(cost.pipelines < cost.dispatches / 2, "layers of equal shapes share pipelines");
});

Deno.test("a training step needs no more buffers a shader than the adapter with the fewest gives", () => {
  // WebGPU promises eight to every page.
  const program = resnet(2);
  const { phases } = lowerProgram(program, variableBuffers([program]), undefined, {
    maxStorageBuffers: 8,
  });
  assertEquals(
    phases.filter((phase) => buildShader(phase).bindings.length > 8).map(({ label }) => label),
    [],
  );
});
