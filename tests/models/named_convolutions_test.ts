import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { InputError } from "../../errors.ts";
import { DoConv2d } from "../../layers/do_conv2d.ts";
import type { Module } from "../../layers/module.ts";
import type { NamedConvolution } from "../../models/named_convolutions.ts";
import { buildModel, type BuildOptions } from "../../models/registry.ts";

function build(options: Partial<BuildOptions>): Module {
  return buildModel("cifar_resnet20_v1", { classes: 3, width: 2, ...options });
}

/** Depth multipliers of the DO-Conv layers, by path. */
function depths(model: Module): Record<string, number> {
  return Object.fromEntries(
    [...model.namedModules()].flatMap(([path, layer]) =>
      layer instanceof DoConv2d ? [[path, layer.W.shape[2]]] : []
    ),
  );
}

Deno.test("the first entry with a matching name decides a convolution's kind", () => {
  const choices: NamedConvolution[] = [
    { names: "layer2.0", name: "do_conv", depthMultiplier: 12 },
    { names: "layer2", name: "conv" },
    { names: "*.conv2", name: "do_conv", depthMultiplier: 10 },
    { names: "*.2.conv1", name: "conv" },
  ];
  const model = build({ convolution: "do_conv", convolutions: choices });
  const block = (path: string, depths: number[]) =>
    depths.flatMap((depth, i) => depth > 0 ? [[`${path}.conv${i + 1}`, depth]] : []);
  assertEquals(
    depths(model),
    Object.fromEntries([
      ["conv1", 9],
      ...[1, 3].flatMap((stage) => [
        ...block(`layer${stage}.0`, [9, 10]),
        ...block(`layer${stage}.1`, [9, 10]),
        ...block(`layer${stage}.2`, [0, 10]),
      ]),
      ...block("layer2.0", [12, 12]),
    ]),
  );
});

Deno.test("kinds by name do not change a model's names, order and initial values", () => {
  const model = build({ convolutions: [{ names: "layer1", name: "do_conv" }] });
  const plain = build({});
  model.initialize(3);
  plain.initialize(3);
  assertEquals([...model.namedModules().keys()], [...plain.namedModules().keys()]);
  const state = model.stateDict();
  for (const [name, { data }] of plain.stateDict()) {
    const twin = state.get(name) ?? state.get(name.replace(/weight$/, "W"));
    assertEquals(twin?.data, data, name);
  }
});

Deno.test("a kind is not tried on convolutions to which a name gives another", () => {
  const seven = { names: "conv1", name: "conv" } as const;
  const options = {
    classes: 2,
    width: 2,
    convolution: { name: "do_conv", depthMultiplier: 9 },
  } as const;
  const { message, at } = assertThrows(() => buildModel("resnet18", options), InputError);
  assertEquals(at, ["convolution", "depthMultiplier"]);
  assertEquals(
    message,
    "conv1: DoConv2d: depthMultiplier is 9; a 7x7 kernel needs a whole number of at least 49 (leave it " +
      "out for 49); convolutions: [{ names: conv1, name: … }] gives it a kind and options of its own",
  );
  buildModel("resnet18", { ...options, convolutions: [seven] });
});

Deno.test("names without effect are refused with their place and the reason", () => {
  const refusal = (...choices: NamedConvolution[]) => {
    const error = assertThrows(() => build({ convolutions: choices }), InputError);
    assertEquals(error.at, ["convolutions", choices.length - 1, "names"]);
    return error.message;
  };
  const layer1 = { names: "layer1", name: "conv" } as const;
  assertStringIncludes(
    refusal(layer1, { names: "layr2", name: "conv" }),
    'the name "layr2" fits no convolution whose kind can be chosen; there are conv1, layer1.0.conv1',
  );
  assertStringIncludes(
    refusal(layer1, { names: "fc", name: "conv" }),
    "fc is a Linear whatever kind the model is asked for; the kind can be chosen of conv1, layer1.0",
  );
  assertEquals(
    refusal(layer1, { names: "layer1.*.conv2", name: "do_conv" }),
    'every convolution that "layer1.*.conv2" fits has its kind from an entry before this one; move ' +
      "this one ahead, or remove it",
  );
});

Deno.test("a layer whose kind cannot be chosen is distinguished from a misspelled name", () => {
  const convolution = { outChannels: 2, kernelSize: 3 };
  const layers = [{ convolution }, { convolution: { ...convolution, convolution: "do_conv" } }];
  const options = { classes: 2, layers: [...layers, "global_avg_pool2d", "flatten"] };
  const choose = (names: string) => ({ convolutions: [{ names, name: "conv" }] as const });
  assertThrows(
    () => buildModel("layers", { ...options, ...choose("1") }),
    InputError,
    "1 is a DoConv2d whatever kind the model is asked for; the kind can be chosen of 0",
  );
  assertThrows(
    () => buildModel("do_conv_net", { classes: 2, ...choose("conv2") }),
    InputError,
    "conv2 is a Conv2d whatever kind the model is asked for; the kind can be chosen of conv1, conv3",
  );
});

Deno.test("an invalid option of a kind is reported where the kind was chosen, with the layer", () => {
  const shallow = { name: "do_conv", depthMultiplier: 4 } as const;
  const named = { names: "layer1", ...shallow };
  const own = assertThrows(() => build({ convolutions: [named] }), InputError, "at least 9");
  assertEquals(own.at, ["convolutions", 0, "depthMultiplier"]);
  const layers = ["relu", { convolution: { outChannels: 2, kernelSize: 3 } }];
  const inherited = assertThrows(
    () => buildModel("layers", { classes: 2, layers, convolution: shallow }),
    InputError,
    "layer 1 (convolution): DoConv2d: depthMultiplier is 4",
  );
  assertEquals(inherited.at, ["convolution", "depthMultiplier"]);
});
