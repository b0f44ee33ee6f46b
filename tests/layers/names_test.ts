import { assertEquals } from "@std/assert";
import { namePattern } from "../../layers/names.ts";

Deno.test("a pattern matches a name or its beginning up to a dot, and * matches anything", () => {
  const names = ["layer1.0.conv1.weight", "layer10.conv1.weight", "fc.bias", "fc.weight"];
  const fitting = (pattern: string) => names.filter((name) => namePattern(pattern).test(name));
  assertEquals(fitting("layer1"), ["layer1.0.conv1.weight"]);
  assertEquals(fitting("fc.bias"), ["fc.bias"]);
  assertEquals(fitting("*.weight"), [names[0], names[1], names[3]]);
  assertEquals(fitting("*.conv1"), [names[0], names[1]]);
  assertEquals(fitting("fc.b"), []);
});

Deno.test("a kernel's name matches the parameters that DO-Conv composes it from", () => {
  const names = ["conv1.W", "conv1.D", "conv1.bias", "W.other"];
  const fitting = (pattern: string) => names.filter((name) => namePattern(pattern).test(name));
  assertEquals(fitting("conv1.weight"), ["conv1.W", "conv1.D"]);
  assertEquals(fitting("*.weight"), ["conv1.W", "conv1.D"]);
  assertEquals(fitting("*weight"), []);
  assertEquals(fitting("conv1.W"), ["conv1.W"]);
});
