import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { kernelCase, parseShape } from "../../cli/kernel_case.ts";
import { InputError } from "../../errors.ts";
import { hasAdapter } from "../support/backends.ts";
import { run } from "../support/command_line.ts";

/** Runs `overfold kernel ARGS…` in this process. */
const kernel = (...args: string[]) => run("kernel", ...args);

Deno.test("shapes are read with their element types", () => {
  assertEquals(parseShape("2x3"), { shape: [2, 3], dtype: "f32" });
  assertEquals(parseShape("scalar:i32"), { shape: [], dtype: "i32" });
  for (const text of ["", "2x", "2x-1", "2:f16", "2:i32:i32", "0"]) {
    assertThrows(() => parseShape(text), InputError, "--shape");
  }
});

Deno.test("shapes and attributes that do not fit an op are rejected", () => {
  assertThrows(() => kernelCase("conv3d", [], []), InputError, 'did you mean "conv2d"');
  assertThrows(() => kernelCase("input", [], []), InputError, "there is no op");
  assertThrows(() => kernelCase("relu", ["2"], ["stride"]), InputError, "--attribute");
  assertThrows(() => kernelCase("conv2d", ["2x3x4x4"], []), InputError, "conv2d");
  const noShape = ["shape=null"];
  assertThrows(() => kernelCase("dropoutMask", ["scalar:i32"], noShape), InputError, "attributes");
  assertThrows(() => kernelCase("add", ["2x3", "3x2"], []), InputError, "does not fit");
  assertThrows(() => kernelCase("relu", ["99999x99999"], []), InputError, "GiB of inputs");
  const convolution = ["8x16x32x32", "16x16x3x3"];
  const misspelt = ["pading=[1,1]"];
  assertThrows(() => kernelCase("conv2d", convolution, misspelt), InputError, '"padding"');
});

Deno.test("missing inputs are reported with the names of all", async () => {
  const { code, error } = await kernel("channelNormalize", "--shape", "2x4x8x8");
  assertEquals(code, 2);
  assertStringIncludes(
    error,
    "takes 3 to 5 inputs (input, mean, variance, weight, bias); found the shapes [2, 4, 8, 8]",
  );
});

Deno.test("without shapes an op runs on its sample", () => {
  const { program, inputs } = kernelCase("conv2d", [], ["stride=[2,2]"]);
  assertEquals(Object.keys(inputs), ["input", "weight", "bias"]);
  assertEquals(program.outputs.output0.shape, [1, 3, 2, 2]);
});

Deno.test("variances are positive and labels are classes", () => {
  const { variance } = kernelCase("channelNormalize", ["2x3x4x4", "3", "3"], []).inputs;
  assert(variance.every((value) => value > 0));
  const { target } = kernelCase("softmaxCrossEntropy", ["8x2", "8:i32"], []).inputs;
  assert(target.every((label) => label === 0 || label === 1));
});

for (const backend of ["cpu", "webgpu", "reference"]) {
  Deno.test({
    name: `a kernel is checked and timed on ${backend}`,
    ignore: backend === "webgpu" && !hasAdapter,
    // The device outlives the command.
    sanitizeOps: backend !== "webgpu",
    sanitizeResources: backend !== "webgpu",
    async fn() {
      const shapes = ["--shape", "1x8x6x6", "--shape", "8x8x3x3"];
      const options = ["--attribute", "padding=[1,1]", "--runs", "1", "--backend", backend];
      const { code, out, error } = await kernel("conv2d", ...shapes, ...options, "--json");
      assertEquals(code, 0, error);
      const result = JSON.parse(out);
      assertEquals([result.op, result.backend], ["conv2d", backend]);
      assert(result.milliseconds > 0 && result.gigaflops > 0 && result.gigabytes > 0);
      assert(result.differences[0].relative < 1e-5);
    },
  });
}

Deno.test("unknown variants are rejected", async () => {
  const shapes = ["--shape", "16x16", "--shape", "16x16"];
  const { code, error } = await kernel("matmul", ...shapes, "--variant", "1");
  assertEquals(code, 2);
  assertStringIncludes(error, "only webgpu has variants");
  const many = await kernel("matmul", ...shapes, "--variant", "99", "--backend", "webgpu");
  assertEquals(many.code, 2);
  assertStringIncludes(many.error, "--variant: found 99");
});

Deno.test("an unknown backend is rejected with the valid names", async () => {
  const { code, error } = await kernel("relu", "--shape", "4", "--backend", "gpu");
  assertEquals(code, 2);
  assertStringIncludes(error, "cpu, webgpu, reference");
});
