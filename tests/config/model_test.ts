/** The `model` section of a config. */
import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { parseConfig } from "../../config/load.ts";
import { InputError } from "../../errors.ts";
import { CONVOLUTIONS } from "../../layers/convolutions.ts";
import { type Registry } from "../../schema/entry.ts";
import { messageOf } from "../support/config_messages.ts";

/** The names of a registry, as messages list them. */
const names = (registry: Registry) => Object.keys(registry).join(", ");

Deno.test("a model is either a name or a list of layers", () => {
  const both = "data: {dataset: mnist}\nmodel: {name: do_conv_net, layers: [relu]}";
  assertEquals(messageOf(both), "run.yaml:2:36 model.layers: give exactly one of name and layers");
  const neither = "data: {dataset: mnist}\nmodel: {convolution: conv}";
  assertEquals(messageOf(neither), "run.yaml:2:8 model: give exactly one of name and layers");
  const unlisted = "data: {dataset: mnist}\nmodel: {name: layers}";
  assertEquals(
    messageOf(unlisted),
    "run.yaml:2:1 model.layers: missing; expected a list of layers",
  );
  const wrong = "data: {dataset: mnist}\nmodel: {name: cifar_resnet20_v3}";
  assertStringIncludes(messageOf(wrong), 'did you mean "cifar_resnet20_v1"?');
  const alone = "data: {dataset: mnist}\nmodel: resnet18";
  assertEquals(messageOf(alone).split(";")[1], " write { name: resnet18 }");
  for (const [value, found] of [["[]", "an empty list"], ["{}", "a mapping"], ["5", "5"]]) {
    assertEquals(
      messageOf(`data: {dataset: mnist}\nmodel: {layers: ${value}}`),
      `run.yaml:2:17 model.layers: found ${found}, expected a list that is not empty`,
    );
  }
});

Deno.test("keys about pretrained weights require model.pretrained", () => {
  const parse = (keys: string) =>
    parseConfig(`data: {dataset: mnist}\nmodel: {name: resnet18, ${keys}}`, "run.yaml").config;
  const keys = "prefix: net., ignore: [aux], mirror: 'https://example.org'";
  const { pretrained, ...others } = parse(`pretrained: torchvision/resnet18, ${keys}`).model;
  assertEquals(pretrained, "torchvision/resnet18");
  assertEquals([others.prefix, others.ignore, others.mirror], [
    ...["net.", ["aux"], "https://example.org"],
  ]);
  const { message } = assertThrows(() => parse(keys), InputError);
  const places = message.split("\n").map((line) =>
    /model\.(\w+): without model.pretrained/.exec(line)?.[1]
  );
  assertEquals(places, ["prefix", "ignore", "mirror"]);
});

Deno.test("all mistakes in a model are reported at once", () => {
  const found = (model: string) =>
    messageOf(`data: {dataset: mnist}\nmodel: ${model}`).split("\n")
      .map((line) => line.replace(/^run.yaml:\d+:\d+ model\.?/, "").replace(/, expected.*;/, ";"));
  assertEquals(
    found("{name: resnt18, convolution: do_cnv, pretraind: x, replaceClassifier: 3}"),
    [
      'name: found "resnt18"; did you mean "resnet18"?',
      'convolution: found "do_cnv"; did you mean "do_conv"?',
      'pretraind: unknown key; did you mean "pretrained"?',
      "replaceClassifier: found 3, expected true or false",
    ],
  );
  assertEquals(found("{nme: resnet18, options: {width: 3, hight: 3}}"), [
    'nme: unknown key; did you mean "name"?',
    "options.hight: unknown key; valid keys: width, zeroInitResidual",
  ]);
  assertEquals(found("{name: resnet18, layers: [{linear: {}}, relu7]}"), [
    "layers: give exactly one of name and layers",
    "layers.0.linear.outFeatures: missing; expected an integer of at least 1",
    'layers.1: found "relu7"; did you mean "relu"?',
  ]);
});

Deno.test("only the options of the named model are accepted", () => {
  const text = (model: string) => `data: {dataset: mnist}\nmodel: {${model}}`;
  const { config } = parseConfig(text("name: cifar_resnet20_v1, options: {stemReLU: true}"), "x");
  assertEquals(config.model.options, { width: 16, stemReLU: true });
  assertEquals(
    messageOf(text("name: cifar_resnet20_v1, options: {groups: 2}")),
    "run.yaml:2:44 model.options.groups: unknown key; valid keys: width, stemReLU",
  );
  assertEquals(
    messageOf(text("layers: [relu], options: {width: 2}")),
    "run.yaml:2:34 model.options: a list of layers has no options; remove them",
  );
});

Deno.test("convolutions are names or mappings and keep their form", () => {
  const text = (model: string) => `data: {dataset: mnist}\nmodel: {name: resnet18, ${model}}`;
  const { config: { model } } = parseConfig(
    text(
      "convolution: {name: do_conv, depthMultiplier: 50}, convolutions: [{names: fc, name: conv}]",
    ),
    "x",
  );
  assertEquals(model.convolution, { name: "do_conv", depthMultiplier: 50, pairing: "paper" });
  assertEquals(model.convolutions, [{ names: "fc", name: "conv" }]);
  assertEquals(
    messageOf(text("convolution: doconv")),
    `run.yaml:2:38 model.convolution: found "doconv", expected one of ${
      names(CONVOLUTIONS)
    } or a ` +
      'mapping with such a name; did you mean "do_conv"?',
  );
  assertEquals(
    messageOf("data: {dataset: mnist}\nmodel: {layers: [relu], convolution: doconv}"),
    `run.yaml:2:38 model.convolution: found "doconv", expected one of ${
      names(CONVOLUTIONS)
    } or a ` +
      'mapping with such a name; did you mean "do_conv"?',
  );
  assertEquals(
    messageOf(text("convolutions: [{names: fc, nam: conv}]")),
    'run.yaml:2:52 model.convolutions.0.nam: unknown key; did you mean "name"?',
  );
  assertEquals(
    messageOf(text("convolutions: [{names: fc, name: conv, pairing: paper}]")),
    "run.yaml:2:64 model.convolutions.0.pairing: unknown key; did you mean " +
      '"model.convolution.pairing"?',
  );
});
