import { assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../errors.ts";
import { input, output, trace } from "../../graph/trace.ts";
import { buildModel } from "../../models/registry.ts";
import { inferenceProgram } from "../../models/inference.ts";
import { CHOSEN, classActivationMap, classActivationProgram } from "../../ops/class_activation.ts";
import { foldForInference } from "../../ops/fold_for_inference.ts";

const NORMALIZATION = { mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] };

Deno.test("the map of a class is the sum of the feature maps, weighted by their effect on its logit", () => {
  const features = [1, 2, 3, 4, 10, 20, 30, 40];
  const gradient = [0.25, 0.25, 0.25, 0.25, 0, -1, 0.5, 0];
  assertEquals([...classActivationMap(features, gradient, 2)], [-4, -8, -12, -16]);
});

Deno.test("features are the input of the last pooling, after batch norm, activation and shortcut", () => {
  const model = buildModel("cifar_resnet20_v1", { classes: 10, inputSize: 32 });
  const input = { height: 32, width: 32, channels: 3 };
  const inference = inferenceProgram(model, { input, normalization: NORMALIZATION }, 2);
  for (const program of [inference, foldForInference(inference, { batchNorm: true })]) {
    const { features, gradient } = classActivationProgram(program).outputs;
    const names = [features.node.op.name, features.node.inputs[0].node.op.name];
    assertEquals([...names, features.shape], ["relu", "add", [2, 64, 8, 8]]);
    assertEquals(gradient.shape, features.shape);
  }
});

/** Models with different heads, and the shapes of their features. */
const ENDS = {
  cifar_resnet20_v2: [64, 16, 16],
  densenet121: [1024, 2, 2],
  do_conv_net: [512, 8, 8],
  mobilenet_v3_small: [576, 2, 2],
  shufflenet_v2_x0_5: [1024, 2, 2],
  vgg11_bn: [512, 4, 4],
};

Deno.test("models of all kinds have class activation maps", () => {
  const input = { height: 64, width: 64, channels: 3 };
  for (const [name, features] of Object.entries(ENDS)) {
    const model = buildModel(name, { classes: 5, inputSize: 64 });
    const inference = inferenceProgram(model, { input, normalization: NORMALIZATION }, 1);
    assertEquals(classActivationProgram(inference).outputs.features.shape, [1, ...features], name);
  }
});

Deno.test("a network without spatial features is refused", () => {
  const program = trace({ name: "infer" }, () => output("logits", input("logits", [1, 3])));
  assertThrows(() => classActivationProgram(program), InputError, "has no convolution");
  const chosen = buildModel("layers", {
    classes: 3,
    inputSize: 5,
    layers: [{ conv2d: { outChannels: 4, kernelSize: 5 } }, "flatten", {
      linear: { outFeatures: 3 },
    }],
  });
  const images = { input: { height: 5, width: 5, channels: 3 }, normalization: NORMALIZATION };
  assertThrows(
    () => classActivationProgram(inferenceProgram(chosen, images, 1)),
    InputError,
    "has no convolution with a spatial result",
  );
  assertEquals(CHOSEN, "chosen");
});
