/** Weights under the names in papers' code and in timm's networks. */
import { assert, assertEquals } from "@std/assert";
import type { Module } from "../../layers/module.ts";
import { buildModel } from "../../models/registry.ts";
import { adoptState } from "../../weights/import.ts";
import { disturb } from "../support/disturb.ts";
import { from, resNet } from "../support/foreign_weights.ts";

/** A state under the names that `renamed` gives. */
function stateOf(model: Module, renamed: (name: string) => string) {
  const state = new Map([...model.stateDict()].map(([name, tensor]) => [renamed(name), tensor]));
  assert([...state.keys()].some((name) => !model.stateDict().has(name)));
  return from(state);
}

const BLOCKS = {
  rep_vgg: (name: string) =>
    name.replace("conv_kxk", "rbr_dense").replace("conv_1x1", "rbr_1x1")
      .replace("identity", "rbr_identity"),
  rep_conv: (name: string) =>
    name.replace("conv_kxk.conv", "rbr_dense.0").replace("conv_kxk.bn", "rbr_dense.1")
      .replace("conv_1x1.conv", "rbr_1x1.0").replace("conv_1x1.bn", "rbr_1x1.1"),
  mobile_one: (name: string) =>
    name.replace("conv_kxk", "rbr_conv").replace("conv_scale", "rbr_scale")
      .replace("identity", "rbr_skip"),
  acnet: (name: string) =>
    name.replace("square.", "square_").replace("horizontal.", "hor_").replace("vertical.", "ver_"),
  dbb: (name: string) =>
    name.replace("origin", "dbb_origin").replace("pointwise", "dbb_1x1")
      .replace("sequential.conv1", "dbb_1x1_kxk.idconv1")
      .replace("sequential.bn1", "dbb_1x1_kxk.bn1.bn").replace("sequential.", "dbb_1x1_kxk.")
      .replace("average.conv", "dbb_avg.conv").replace("average.bn1", "dbb_avg.bn.bn")
      .replace("average.bn2", "dbb_avg.avgbn"),
} satisfies Record<string, (name: string) => string>;

for (const convolution of Object.keys(BLOCKS) as (keyof typeof BLOCKS)[]) {
  Deno.test(`${convolution} reads weights under its authors' names, with and without a wrapper`, () => {
    const theirs = disturb(resNet({ convolution }));
    for (const prefix of ["", "module."]) {
      const ours = resNet({ convolution });
      adoptState(ours, stateOf(theirs, (name) => prefix + BLOCKS[convolution](name)));
      assertEquals(ours.stateDict(), theirs.stateDict());
    }
  });
}

Deno.test("weights of RepVGG's and MobileOne's own code are read", () => {
  for (
    const [name, kind] of [["rep_vgg_a0", "rep_vgg"], ["mobile_one_s0", "mobile_one"]] as const
  ) {
    const build = () => buildModel(name, { classes: 3, inputSize: 32, widthMult: 0.1 });
    const theirs = disturb(build()), ours = build();
    const stage = (name: string) =>
      name.replace(/^stem/, "stage0").replace(/^stages\.(\d)/, (_, i) => `stage${Number(i) + 1}`)
        .replace("head.fc", "linear");
    adoptState(ours, stateOf(theirs, (name) => stage(BLOCKS[kind](name))));
    assertEquals(ours.stateDict(), theirs.stateDict());
  }
});

Deno.test("RepVGG's and MobileOne's modules have timm's names", () => {
  const options = { classes: 3, inputSize: 32, widthMult: 0.1 };
  const names = (model: string) => [...buildModel(model, options).namedParameters().keys()];
  const repVgg = names("rep_vgg_a0"), mobileOne = names("mobile_one_s0");
  for (
    const name of [
      "stem.conv_kxk.conv.weight",
      "stem.conv_kxk.bn.running_var",
      "stages.0.0.conv_1x1.conv.weight",
      "stages.0.1.identity.weight",
      "head.fc.bias",
    ]
  ) assert(repVgg.includes(name), name);
  for (
    const name of [
      "stem.conv_kxk.0.conv.weight",
      "stages.0.0.conv_scale.bn.weight",
      "stages.0.2.identity.running_mean",
      "stages.3.1.conv_kxk.3.bn.bias",
    ]
  ) assert(mobileOne.includes(name), name);
});
