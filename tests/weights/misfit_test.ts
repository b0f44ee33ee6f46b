import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { InputError } from "../../errors.ts";
import type { StateDict } from "../../layers/module.ts";
import { adoptState } from "../../weights/import.ts";
import { disturb } from "../support/disturb.ts";
import { from, resNet } from "../support/foreign_weights.ts";

/** Why weights do not fit a ResNet-18. */
function reason(tensors: StateDict): string[] {
  return assertThrows(() => adoptState(resNet(), from(tensors)), InputError).message.split("\n  ");
}

Deno.test("many misfits are reported by part of the network, with the key that skips them", () => {
  const lines = reason(resNet({}, "resnet34").stateDict());
  assertEquals(lines, [
    "weights.safetensors: the weights do not fit the model: they provide all of its 102 tensors",
    "unexpected: 12 tensors of layer1 (layer1.2.conv1.weight [8, 8, 3, 3], …)",
    "unexpected: 24 tensors of layer2 (layer2.2.conv1.weight [16, 16, 3, 3], …)",
    "unexpected: 48 tensors of layer3 (layer3.2.conv1.weight [32, 32, 3, 3], …)",
    "unexpected: 12 tensors of layer4 (layer4.2.conv1.weight [64, 64, 3, 3], …)",
    "model.ignore: [layer1.2, layer2.2, layer2.3, layer3.2, layer3.3, layer3.4, layer3.5, layer4.2] " +
    "skips these: tensors only in the file are left out, tensors only in the model are initialized",
  ]);
  const ignore = /\[(layer1.2.*layer4.2)\]/.exec(lines[5])![1].split(", ");
  const [model, trained] = [resNet(), disturb(resNet({}, "resnet34"))];
  assertEquals(adoptState(model, from(trained.stateDict()), { ignore }), { leftOut: [] });
  assertEquals(
    model.stateDict().get("layer4.1.bn2.bias"),
    trained.stateDict().get("layer4.1.bn2.bias"),
  );
});

Deno.test("a part missing from the file is named as a whole", () => {
  const state = new Map([...resNet().stateDict()].filter(([name]) => !name.startsWith("layer4")));
  const [first, ...lines] = reason(state);
  assertEquals(
    first,
    "weights.safetensors: the weights do not fit the model: they provide 77 of its 102 tensors",
  );
  assert(lines[0].startsWith("missing: 15 tensors of layer4.0 (layer4.0.conv1.weight"), lines[0]);
  assert(lines[2].startsWith("model.ignore: [layer4] skips these"), lines[2]);
});

Deno.test("any number of wrong shapes is reported in a few lines", () => {
  const lines = reason(resNet({ width: 16 }).stateDict());
  assertEquals(lines.length, 7);
  assertEquals(
    lines[1],
    "wrong shape: conv1.weight is [16, 3, 7, 7], the model has [8, 3, 7, 7]",
  );
  assert(
    lines[5].startsWith("wrong shape: 17 tensors of layer4, fc") || lines[5].includes("layer4"),
  );
  assert(lines[6].startsWith("The weights are of another architecture, or were"), lines[6]);
});

Deno.test("one line says that plain kernels do not fit blocks of branches", () => {
  const plain = resNet().stateDict();
  for (
    const convolution of ["rep_vgg", "acnet", "dbb", "mobile_one", "orepa", "expand_net"] as const
  ) {
    const model = resNet({ convolution });
    const { message } = assertThrows(() => adoptState(model, from(plain)), InputError);
    assertEquals(message.split("\n").length, 1);
    assertStringIncludes(
      message,
      "weight, which only the convolutions conv and do_conv accept",
    );
  }
});

Deno.test("advice names config keys or command-line arguments", () => {
  const state = resNet().stateDict();
  state.delete("layer4.1.bn2.bias");
  state.set("aux.weight", { shape: [3], data: new Float32Array(3) });
  const { message } = assertThrows(
    () => adoptState(resNet(), from(state), { form: "arguments" }),
    InputError,
  );
  assertStringIncludes(message, "--ignore aux --ignore layer4.1.bn2.bias skips these");
});

Deno.test("if no name fits, the advice is to set a prefix", () => {
  const renamed = new Map(
    [...resNet().stateDict().values()].map((tensor, i) => [`encoder.unit${i}.kernel`, tensor]),
  );
  const [first, ...others] = reason(renamed).filter((line) => !line.startsWith("missing"));
  const last = others.at(-1)!;
  assertEquals(
    first,
    "weights.safetensors: the weights do not fit the model: they provide 0 of its 102 tensors",
  );
  assert(
    last.includes("pass it as model.prefix") && last.includes("names begin with encoder"),
    last,
  );
});

Deno.test("advice quotes names that YAML would misread, and an empty name cannot be ignored", () => {
  const advice = (name: string) =>
    reason(new Map([...resNet().stateDict(), [name, { shape: [1], data: new Float32Array(1) }]]))
      .at(-1)!;
  assert(advice("99.weight").startsWith('model.ignore: ["99"] skips'), advice("99.weight"));
  assert(advice("...").startsWith('model.ignore: ["."] skips'), advice("..."));
  assert(advice("").startsWith("A tensor with an empty name cannot be ignored"), advice(""));
  const tensors = resNet().stateDict();
  tensors.set("...", { shape: [1], data: new Float32Array(1) });
  adoptState(resNet(), from(tensors), { ignore: ["."] });
});

Deno.test("ignored tensors are not read from the file, and keep their values in the model", () => {
  const trained = disturb(resNet()).stateDict();
  trained.set("aux.weight", { shape: [3], data: new Float32Array(3) });
  trained.delete("layer4.1.bn2.bias");
  const model = resNet();
  const before = model.stateDict();
  const options = { ignore: ["aux", "layer4.1.bn2", "*.conv1.weight"] };
  assertEquals(adoptState(model, from(trained), options), { leftOut: [] });
  for (const [name, { data }] of model.stateDict()) {
    const isIgnored = name.startsWith("layer4.1.bn2") || name.endsWith(".conv1.weight");
    assertEquals(data, (isIgnored ? before : trained).get(name)!.data, name);
  }
  const error = assertThrows(() => adoptState(resNet(), from(trained), { ignore: ["a", "aux"] }));
  assertEquals((error as InputError).at, ["ignore", 0]);
});

Deno.test("names to ignore are the model's, without the file's prefix", () => {
  const trained = disturb(resNet()).stateDict();
  const wrapped = new Map([...trained].map(([name, tensor]) => [`net.${name}`, tensor]));
  const model = resNet();
  const before = model.stateDict();
  const error = assertThrows(
    () => adoptState(model, from(wrapped), { ignore: ["net.fc"] }),
    InputError,
  );
  assert(error.message.includes("missing: fc.weight [5, 64]"), error.message);
  adoptState(model, from(wrapped), { ignore: ["fc"] });
  assertEquals(model.stateDict().get("fc.weight"), before.get("fc.weight"));
  assertEquals(model.stateDict().get("conv1.weight"), trained.get("conv1.weight"));
});
