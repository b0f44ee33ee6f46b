import { assertEquals } from "@std/assert";
import { parseConfig } from "../../../config/load.ts";
import { Conv2d } from "../../../layers/conv2d.ts";
import { moveFormerOptions } from "../../../layers/convolutions/do_conv_former.ts";
import { DoConv2d } from "../../../layers/do_conv2d.ts";
import type { Module } from "../../../layers/module.ts";
import { Sequential } from "../../../layers/sequential.ts";
import { buildModel, type BuildOptions } from "../../../models/registry.ts";

interface Own {
  depthMultiplier?: number;
  pairing?: string;
}

const SHAPE = { outChannels: 4, kernelSize: 3, groups: 2 };
const OF_MODEL: Own[] = [
  {},
  { depthMultiplier: 12 },
  { pairing: "authors" },
  { depthMultiplier: 12, pairing: "authors" },
];
const OF_LAYER: Own[] = [
  {},
  { depthMultiplier: 20 },
  { pairing: "paper" },
  { depthMultiplier: 20, pairing: "paper" },
];

/** The first layer's D_mul and pairing, or plain. */
function firstOf(model: Module): Own | "plain" {
  const [layer] = model instanceof Sequential ? model.layers : [];
  if (layer instanceof Conv2d) return "plain";
  if (!(layer instanceof DoConv2d)) throw new Error("expected a convolution first");
  return { depthMultiplier: layer.W.shape[2], pairing: layer.options.pairing ?? "paper" };
}

/** The same model, built from options as in a checkpoint and from a config. */
function built(model: Record<string, unknown>): Module[] {
  const images = { classes: 4, inputChannels: 4, inputSize: 3 };
  const text = JSON.stringify({ data: { dataset: "mnist" }, model });
  const { convolution, layers } = parseConfig(text, "old.yaml").config.model;
  return [{ ...images, ...model }, { ...images, convolution, layers }]
    .map((options) => buildModel("layers", options as BuildOptions));
}

Deno.test("DO-Conv's former options are a layer's own, else the model's", () => {
  for (const convolution of ["conv", "do_conv"]) {
    for (const layer of ["conv2d", "do_conv2d", "convolution"]) {
      for (const ofModel of OF_MODEL) {
        for (const ofLayer of layer === "conv2d" ? [{}] : OF_LAYER) {
          const layers = [{ [layer]: { ...SHAPE, ...ofLayer } }, "flatten"];
          const model = { convolution, ...ofModel, layers };
          const isPlain = layer === "conv2d" || layer === "convolution" && convolution === "conv";
          const expected = isPlain
            ? "plain"
            : { depthMultiplier: 9, pairing: "paper", ...ofModel, ...ofLayer };
          assertEquals(built(model).map(firstOf), [expected, expected], JSON.stringify(model));
        }
      }
    }
  }
});

Deno.test("a layer's former option leaves the others to the model's present ones", () => {
  const convolution = { name: "do_conv", depthMultiplier: 12, pairing: "authors" };
  const layers = [{ convolution: { ...SHAPE, pairing: "paper" } }, "flatten"];
  const expected = { depthMultiplier: 12, pairing: "paper" };
  assertEquals(built({ convolution, layers }).map(firstOf), [expected, expected]);
});

Deno.test("a present option takes precedence over its former place", () => {
  const model = {
    convolution: { name: "do_conv", depthMultiplier: 10 },
    depthMultiplier: 12,
    pairing: "authors",
  };
  assertEquals(moveFormerOptions(model, "conv"), [
    { from: ["pairing"], to: ["convolution", "pairing"] },
  ]);
  assertEquals<unknown>(model, {
    convolution: { name: "do_conv", depthMultiplier: 10, pairing: "authors" },
  });
});

Deno.test("a layer with its own kind inherits no options of the model", () => {
  const own = { ...SHAPE, convolution: "do_conv" };
  const model = { convolution: "do_conv", depthMultiplier: 12, layers: [{ convolution: own }] };
  moveFormerOptions(model, "conv");
  assertEquals<unknown>(model.layers, [{ convolution: own }]);
});

Deno.test("a named model is built from an old checkpoint's options without changing them", () => {
  const former = { classes: 3, width: 2, convolution: "do_conv", depthMultiplier: 60 } as const;
  const options = { ...former, pairing: "authors" };
  const model = buildModel("resnet18", options);
  assertEquals(model.namedParameters().get("layer1.0.conv1.W")?.shape, [2, 2, 60]);
  assertEquals(options, { ...former, pairing: "authors" });
});
