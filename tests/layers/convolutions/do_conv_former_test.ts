import { assertEquals } from "@std/assert";
import { moveFormerOptions } from "../../../layers/convolutions/do_conv_former.ts";
import { buildModel } from "../../../models/registry.ts";

const shape = { outChannels: 2, kernelSize: 3 };

Deno.test("a model's former DO-Conv options become its convolution's", () => {
  const cases: [Record<string, unknown>, Record<string, unknown>][] = [
    [{ convolution: "do_conv", depthMultiplier: 9 }, {
      convolution: { name: "do_conv", depthMultiplier: 9 },
    }],
    [{ depthMultiplier: 9, pairing: "authors" }, {
      convolution: { name: "do_conv", depthMultiplier: 9, pairing: "authors" },
    }],
    // What every config said before the options moved.
    [{ name: "resnet18", convolution: "do_conv", pairing: "paper" }, {
      name: "resnet18",
      convolution: "do_conv",
    }],
    [{ convolution: "conv", depthMultiplier: 9, pairing: "authors" }, { convolution: "conv" }],
    [{ convolution: { name: "do_conv", depthMultiplier: 10 }, depthMultiplier: 9 }, {
      convolution: { name: "do_conv", depthMultiplier: 10 },
    }],
    [{ convolution: "conv" }, { convolution: "conv" }],
  ];
  for (const [former, now] of cases) assertEquals(moveFormerOptions(former, "do_conv"), now);
});

Deno.test("former DO-Conv options of a list of layers go to the layers they were meant for", () => {
  const layers = [
    { convolution: { ...shape, depthMultiplier: 11 } },
    { do_conv2d: { ...shape, pairing: "paper" } },
    { convolution: shape },
    "relu",
  ];
  const options = { convolution: "do_conv", pairing: "authors", layers };
  assertEquals(moveFormerOptions(options, "conv"), {
    convolution: { name: "do_conv", pairing: "authors" },
    layers: [
      {
        convolution: {
          ...shape,
          convolution: { name: "do_conv", pairing: "authors", depthMultiplier: 11 },
        },
      },
      { do_conv2d: { ...shape, pairing: "paper" } },
      { convolution: shape },
      "relu",
    ],
  });
  assertEquals(moveFormerOptions({ layers }, "conv"), {
    layers: [{ convolution: shape }, ...layers.slice(1)],
  });
});

Deno.test("a model is built of what an old checkpoint holds", () => {
  const former = { classes: 3, width: 2, convolution: "do_conv", depthMultiplier: 60 } as const;
  const model = buildModel("resnet18", { ...former, pairing: "authors" });
  assertEquals(model.namedParameters().get("layer1.0.conv1.W")?.shape, [2, 2, 60]);
});
