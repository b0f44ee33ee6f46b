import { assertEquals } from "@std/assert";
import { plainOf, variantsAmong } from "../../comparison/found_variants.ts";
import { parseConfig } from "../../config/load.ts";

const TEXT =
  "data: { dataset: mnist }\nmodel: { name: cifar_resnet20_v1 }\ntraining: { epochs: 2 }";

function found(...sets: readonly (readonly string[])[]) {
  const configs = sets.map((set) => parseConfig(TEXT, "config.yaml", { set }).config);
  return variantsAmong(configs, "alone").map(({ name, settings }) => [
    name,
    ...settings.map(({ key }) => key),
  ]);
}

Deno.test("configs that differ only in seeds, names and paths are one variant", () => {
  assertEquals(found(["seed=1", "name=x"], ["seed=2", "output=y", "data.root=z"]), [
    ["alone"],
    ["alone"],
  ]);
});

Deno.test("different choices differ in one key, whatever their options", () => {
  assertEquals(found(["model.convolution=conv"], ["model.convolution=do_conv"]), [
    ["conv", "model.convolution"],
    ["do_conv", "model.convolution"],
  ]);
});

Deno.test("different options of one choice differ in the option's key", () => {
  const options = "{ name: do_conv, depthMultiplier: 18 }";
  assertEquals(found(["model.convolution=do_conv"], [`model.convolution=${options}`]), [
    ["null", "model.convolution.depthMultiplier"],
    ["18", "model.convolution.depthMultiplier"],
  ]);
  assertEquals(
    found(["training.optimizer.learningRate=0.1"], ["training.optimizer.learningRate=0.2"]),
    [["0.1", "training.optimizer.learningRate"], ["0.2", "training.optimizer.learningRate"]],
  );
});

Deno.test("a choice in short and in long form is the same variant", () => {
  assertEquals(
    found(
      ["model.convolution={ name: do_conv }"],
      ["model.convolution=do_conv", "seed=1"],
      ["model.convolution=conv"],
    ),
    [
      ["do_conv", "model.convolution"],
      ["do_conv", "model.convolution"],
      ["conv", "model.convolution"],
    ],
  );
});

Deno.test("the default baseline is the plain convolution, or the first variant", () => {
  const variants = (values: readonly string[], key = "model.convolution") =>
    values.map((value) => ({ name: value, settings: [{ key, value }] }));
  assertEquals(plainOf(variants(["acnet", "conv"])), "conv");
  assertEquals(plainOf(variants(["acnet", "do_conv"])), "acnet");
  assertEquals(plainOf([]), undefined);
});
