import { assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../errors.ts";
import { buildModel } from "../../models/registry.ts";
import { tensorsOf } from "../../weights/wrapper.ts";

const model = buildModel("resnet18", { classes: 2, width: 8 });
const OWN = [...model.stateDict().keys()];

/** What is found in a file of tensors with these names. */
function found(names: readonly string[], prefix?: string, networks: readonly string[] = []) {
  const state = new Map(names.map((name, i) => [name, { shape: [1], data: [i] }]));
  const { tensors, leftOut } = tensorsOf(model, state, prefix, { path: "w.pth", networks });
  return { names: [...tensors.keys()], leftOut };
}

const behind = (prefix: string, names = OWN) => names.map((name) => prefix + name);

for (const prefix of ["", "module.", "_orig_mod.", "module.model.", "student.backbone."]) {
  Deno.test(`a prefix shared by most names is removed: "${prefix}"`, () => {
    assertEquals(found(behind(prefix)), { names: OWN, leftOut: [] });
  });
}

Deno.test("names without the shared prefix are kept", () => {
  const [classifier, others] = [OWN.slice(-2), OWN.slice(0, -2)];
  const names = [...behind("encoder.", others), ...classifier, "loss.weight"];
  assertEquals(found(names), { names: [...others, ...classifier], leftOut: ["loss.weight"] });
});

Deno.test("of several networks the one with a usual name is taken, else the first", () => {
  for (const [first, second, taken] of [["ema.", "model.", 1], ["ema.", "teacher.", 0]] as const) {
    const both = [behind(first), behind(second)];
    assertEquals(found(both.flat()), { names: OWN, leftOut: both[1 - taken] });
  }
});

Deno.test("a given prefix is used, with or without its dot, and refused if missing", () => {
  const both = [...behind("model."), ...behind("ema.")];
  for (const prefix of ["ema", "ema."]) {
    assertEquals(found(both, prefix), { names: OWN, leftOut: behind("model.") });
  }
  const error = assertThrows(() => found(both, "teacher"), InputError);
  assertEquals(
    error.message,
    'w.pth: no tensor name begins with "teacher"; its names begin with model, ema',
  );
  assertThrows(
    () => found(OWN, "teacher", ["resnet", "resnet2"]),
    InputError,
    'w.pth: no tensor name begins with "teacher"; the file has networks at resnet, resnet2',
  );
  assertEquals(error.at, ["prefix"]);
});
