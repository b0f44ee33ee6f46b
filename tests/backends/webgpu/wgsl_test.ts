/**
 * Dawn's validation of the shaders, which checks rules that Deno's own implementation does not,
 * above all that barriers are in uniform control flow. It needs no adapter.
 */
import { assertEquals } from "@std/assert";
import { create } from "npm:webgpu@0.6.2";
import {
  type LoweringOptions,
  lowerProgram,
  variableBuffers,
} from "../../../backends/webgpu/lower.ts";
import { buildShader } from "../../../backends/webgpu/shader.ts";
import type { Tuning } from "../../../backends/webgpu/tuning.ts";
import { input, output, trace } from "../../../graph/trace.ts";
import type { Program, Value } from "../../../graph/types.ts";
import { buildModel } from "../../../models/registry.ts";
import { avgPool2d } from "../../../ops/avg_pool2d.ts";
import { conv2d } from "../../../ops/conv2d.ts";
import { dropoutMask } from "../../../ops/dropout_mask.ts";
import { gradients } from "../../../ops/gradients.ts";
import { softmax } from "../../../ops/softmax.ts";
import { flatten } from "../../../ops/reshape.ts";
import { sumSquares } from "../../../ops/sum_squares.ts";
import { multiply } from "../../../ops/multiply.ts";
import { imageInput } from "../../../training/image_input.ts";
import { resolveRecipe } from "../../../training/recipe.ts";
import { evaluationProgram, stepProgram } from "../../../training/step_program.ts";
import { tunings } from "../../support/tunings.ts";

/** Dawn without a driver; it must outlive the objects it creates. */
const dawn = create(["backend=null"]);

/** Training and evaluation of a model from pixels. */
function modelPrograms(name: string, size: number): Program[] {
  const inputSize = [size, size] as const;
  const model = buildModel(name, { classes: 10, convolution: "do_conv", inputSize });
  const recipe = resolveRecipe(model, {
    optimizer: { name: "adamw", learningRate: 0.1 },
    clip: { norm: 1 },
    ema: { decay: 0.9 },
  }, { classes: 10 });
  const images = {
    input: { height: size, width: size, channels: 3 },
    normalization: { mean: [0, 0, 0], std: [1, 1, 1] },
  };
  const options = { recipe, traceInput: imageInput(images, { padding: 4 }), batchSize: 4 };
  return [stepProgram(options), evaluationProgram(options)];
}

/** A program of one function of an image and its gradient. */
function gradientProgram(build: (x: Value) => Value): Program {
  return trace({ name: "gradient" }, () => {
    const x = input("x", [2, 8, 9, 9]);
    output("dx", gradients(sumSquares(build(x)), [x])[0]);
  });
}

function programs(): Program[] {
  const layers = (x: Value) => {
    const y = multiply(
      x,
      dropoutMask(input("step", [], "i32"), { shape: x.shape, p: 0.5, stream: 1 }),
    );
    return softmax(flatten(avgPool2d(y, { kernelSize: 3, stride: 2, padding: 1 })));
  };
  const convolutions = (["reflect", "replicate", "circular"] as const).flatMap((paddingMode) =>
    [1, 2, 8].map((groups) => (x: Value) => {
      const kernel = input("kernel", [8, 8 / groups, 3, 3]);
      return conv2d(x, kernel, undefined, { groups, padding: 1, stride: 2, paddingMode });
    })
  );
  return [
    ...modelPrograms("cifar_resnet20_v1", 32),
    ...modelPrograms("cifar_resnet20_v2", 32),
    ...modelPrograms("resnet18", 64),
    ...[layers, ...convolutions].map(gradientProgram),
  ];
}

/** The shaders of a program, with the variants that a tuning names. */
function shaders(program: Program, tuning?: Tuning, options?: LoweringOptions): string[] {
  return lowerProgram(program, variableBuffers([program]), tuning, options).dispatches.map((
    dispatch,
  ) => buildShader(dispatch).text);
}

/** Dawn's errors about some shaders, each compiled once. */
async function complaints(texts: readonly string[]): Promise<string[]> {
  const adapter = await dawn.requestAdapter();
  const device = await adapter!.requestDevice({ requiredFeatures: ["shader-f16"] });
  const found: string[] = [];
  for (const code of new Set(texts)) {
    device.pushErrorScope("validation");
    const module = device.createShaderModule({ code });
    device.createComputePipeline({ layout: "auto", compute: { module } });
    const { messages } = await module.getCompilationInfo();
    const error = await device.popErrorScope();
    found.push(
      ...messages.map(({ message, lineNum }) => `${message}: ${code.split("\n")[lineNum - 1]}`),
      ...(error ? [error.message] : []),
    );
  }
  return found;
}

Deno.test("Dawn accepts every shader", async () => {
  assertEquals(await complaints(programs().flatMap((program) => shaders(program))), []);
});

Deno.test("Dawn accepts 16-bit feature maps", async () => {
  const half = { halfActivations: true };
  const texts = programs().flatMap((program) => shaders(program, undefined, half));
  assertEquals(await complaints(texts), []);
});

Deno.test("Dawn accepts all variants within the limits of every adapter", async () => {
  const [training] = modelPrograms("cifar_resnet20_v1", 32);
  const wide = gradientProgram((x) => conv2d(x, input("kernel", [72, 8, 3, 3]), undefined));
  const texts = [training, wide].flatMap((program) =>
    tunings(program).flatMap((tuning) => shaders(program, tuning))
  );
  assertEquals(await complaints(texts), []);
});
