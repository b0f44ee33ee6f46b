import { assert, assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import { compilePlan, planPrograms } from "../../../backends/webgpu/compile.ts";
import { type Device, openDevice } from "../../../backends/webgpu/device.ts";
import { tunableKernels, tuneKernel } from "../../../backends/webgpu/tune.ts";
import { apply, input, output, trace } from "../../../graph/trace.ts";
import type { Op, Program, Shape } from "../../../graph/types.ts";
import { conv2dInputGradientOp, conv2dOp, conv2dWeightGradientOp } from "../../../ops/conv2d.ts";
import { linearOp } from "../../../ops/linear.ts";
import { matmulOp } from "../../../ops/matmul.ts";
import { assertWithin, deviation } from "../../support/tolerance.ts";
import { gpuTest, randomData } from "./gpu.ts";

let device: Promise<Device> | undefined;

const PLAIN = {
  stride: [1, 1],
  padding: [1, 1],
  dilation: [1, 1],
  groups: 1,
  paddingMode: "zeros",
} as const;

/** A program of one op. */
function programOf<A>(op: Op<A>, shapes: readonly Shape[], attributes: A): Program {
  return trace({ name: op.name }, () => {
    const values = shapes.map((shape, i) => input(`x${i}`, shape, "f32"));
    output("y", apply(op, values, attributes)[0]);
  });
}

const LINEAR = programOf(linearOp, [[32, 512], [10, 512], [10]], {});

/**
 * Runs variants of programs' kernels and compares each with the program's first. Of several
 * programs, each variant is run in only one: compiling is slow.
 */
async function checkVariants(...programs: readonly Program[]): Promise<void> {
  for (const [i, program] of programs.entries()) {
    const [kernel] = tunableKernels([program]);
    const inputs = Object.fromEntries(
      kernel.node.inputs.map(({ shape }, i) => [`x${i}`, randomData(shape, i + 1)]),
    );
    const results: { readonly name: string; readonly y: Float32Array }[] = [];
    for (const name of kernel.variants.filter((_, k) => k === 0 || k % programs.length === i)) {
      const plan = planPrograms([program], new Map([[kernel.key, name]]));
      const { executable } = await compilePlan(plan, await (device ??= openDevice()));
      const { y } = await executable.run(program.name, inputs);
      results.push({ name: `${program.name}: ${name}`, y });
      executable.dispose();
    }
    assertWithin(results.map(({ name, y }) => ({ name, ...deviation(y, results[0].y) })), 1e-5);
  }
}

gpuTest("every variant of a convolution computes the same as the built-in choice", async () => {
  const strided = { ...PLAIN, stride: [2, 2] } as const;
  const grouped = { ...PLAIN, groups: 2, paddingMode: "reflect" } as const;
  await checkVariants(
    programOf(conv2dOp, [[1, 18, 17, 16], [70, 18, 3, 3], [70]], PLAIN),
    programOf(conv2dOp, [[2, 8, 9, 9], [24, 4, 3, 3]], grouped),
    programOf(conv2dOp, [[2, 5, 9, 9], [36, 5, 1, 1]], { ...strided, padding: [0, 0] }),
  );
});

gpuTest("every variant of a convolution's input gradient computes the same", async () => {
  const shapes = [[2, 20, 9, 8], [20, 34, 3, 3]];
  const inputShape = [2, 34, 9, 8];
  await checkVariants(programOf(conv2dInputGradientOp, shapes, { ...PLAIN, inputShape }));
});

gpuTest("every variant of a convolution's weight gradient computes the same", async () => {
  const weightShape = [20, 18, 3, 3];
  const shapes = [[2, 18, 9, 8], [2, 20, 9, 8]];
  await checkVariants(programOf(conv2dWeightGradientOp, shapes, { ...PLAIN, weightShape }));
});

gpuTest("every variant of a matrix product computes the same", async () => {
  const flags = { transposeA: false, transposeB: false };
  await checkVariants(
    programOf(matmulOp, [[70, 20], [20, 67]], flags),
    programOf(matmulOp, [[20, 70], [20, 34]], { ...flags, transposeA: true }),
    LINEAR,
  );
});

gpuTest("variants are timed even without timestamp queries", async () => {
  const [kernel] = tunableKernels([LINEAR]);
  const { gpu, ...others } = await (device ??= openDevice());
  const found = await tuneKernel(kernel, { ...others, gpu, hasTimestamps: false });
  assertEquals(found.variants.map(({ name }) => name), kernel.variants);
  for (const { milliseconds } of found.variants) assert(milliseconds && milliseconds > 0);
  assert(kernel.variants.includes(found.fastest));
});

gpuTest("a variant that computes something else or does not compile is excluded", async () => {
  const [kernel] = tunableKernels([LINEAR]);
  const faults = { "wrong results": ["+=", "-="], "does not compile": ["{", "{ let = 1;"] };
  for (const [problem, [from, to]] of Object.entries(faults)) {
    let modules = 0;
    const faulty = await withGpu((gpu) => ({
      createShaderModule(descriptor: GPUShaderModuleDescriptor) {
        const isSecond = ++modules === 2;
        const code = isSecond ? descriptor.code.replaceAll(from, to) : descriptor.code;
        return gpu.createShaderModule({ ...descriptor, code });
      },
    }));
    const { fastest, variants } = await tuneKernel(kernel, faulty);
    assertEquals(fastest, kernel.variants[0]);
    assertStringIncludes(variants[1].problem ?? "", problem);
  }
});

gpuTest("a variant that exceeds the device's limits is excluded", async () => {
  const weightShape = [8, 8, 3, 3];
  const shapes = [[16, 8, 32, 32], [16, 8, 32, 32]];
  const [kernel] = tunableKernels([
    programOf(conv2dWeightGradientOp, shapes, { ...PLAIN, weightShape }),
  ]);
  const small = await withGpu((gpu) => ({
    limits: {
      maxBufferSize: gpu.limits.maxBufferSize,
      maxStorageBuffersPerShaderStage: gpu.limits.maxStorageBuffersPerShaderStage,
      maxStorageBufferBindingSize: 600_000,
    },
  }));
  const { variants } = await tuneKernel(kernel, small);
  const problems = variants.flatMap(({ problem }) => problem ?? []);
  assertNotEquals(problems.length, 0);
  problems.forEach((problem) => assertStringIncludes(problem, "maxStorageBufferBindingSize"));
});

/** The device with some members of its GPUDevice replaced. */
async function withGpu(replace: (gpu: GPUDevice) => object): Promise<Device> {
  const { gpu, ...others } = await (device ??= openDevice());
  const replaced = replace(gpu);
  const proxy = new Proxy(gpu, {
    get(target, key) {
      if (key in replaced) return Reflect.get(replaced, key);
      const value = Reflect.get(target, key, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  return { ...others, gpu: proxy };
}
