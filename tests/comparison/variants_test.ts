import { assertEquals, assertThrows } from "@std/assert";
import { folderNamesOf, overridesOf, variantsOf } from "../../comparison/variants.ts";
import { InputError } from "../../errors.ts";

Deno.test("every combination of values is a variant; the last key changes fastest", () => {
  const variants = variantsOf(["model.convolution=conv,do_conv", "a.b=0.1, 2e-1"], "alone");
  assertEquals(variants.map(({ name }) => name), [
    "conv, 0.1",
    "conv, 0.2",
    "do_conv, 0.1",
    "do_conv, 0.2",
  ]);
  assertEquals(overridesOf(variants[3].settings), ['model.convolution="do_conv"', "a.b=0.2"]);
  assertEquals(folderNamesOf(variants), ["conv_0.1", "conv_0.2", "do_conv_0.1", "do_conv_0.2"]);
});

Deno.test("values may be YAML mappings, lists and null", () => {
  const variants = variantsOf(["c={ name: do_conv, depthMultiplier: 18 },null,[1, 2]"], "alone");
  assertEquals(variants.map(({ settings }) => overridesOf(settings)), [
    ['c={"name":"do_conv","depthMultiplier":18}'],
    ["c=null"],
    ["c=[1,2]"],
  ]);
  assertEquals(folderNamesOf(variants), ["name_do_conv_depthMultiplier_18", "null", "1_2"]);
});

Deno.test("variants whose folder names collide get different folders", () => {
  assertEquals(folderNamesOf(variantsOf(["a=x/y,x:y"], "alone")), ["x_y", "x_y-2"]);
});

Deno.test("without --vary there is one variant", () => {
  assertEquals(variantsOf([], "alone"), [{ name: "alone", settings: [] }]);
});

for (
  const [assignments, message] of [
    [["model.depth"], "expected key=value,value"],
    [["=a,b"], "expected key=value,value"],
    [["a="], "found no value"],
    [["a=[1,"], "--vary a: not valid YAML"],
    [["a=1,1"], "--vary a: found 1 twice"],
    [["a=1,2", "a=3"], "--vary a: found twice"],
    [["seed=1,2"], "--vary seed: every variant"],
    [["output=x,y"], "--vary output: all runs"],
  ] as const
) {
  Deno.test(`--vary ${assignments.join(" --vary ")} is rejected`, () => {
    assertThrows(() => variantsOf(assignments, "alone"), InputError, message);
  });
}
