import { assertThrows } from "@std/assert";
import { InputError } from "../../errors.ts";
import { requireModestCost } from "../../networks/program_cost.ts";

import { constant, output, trace } from "../../graph/trace.ts";
import { reshape } from "../../ops/reshape.ts";

/** A program with the weights of a large layer in this many other shapes. */
const reshaping = (times: number) =>
  trace({ name: "infer" }, () => {
    const weights = constant([2 ** 12, 2 ** 11], new Float32Array(2 ** 23));
    for (let i = 0; i < times; i++) output(`${i}`, reshape(weights, [2 ** (i + 1), 2 ** (22 - i)]));
  });

Deno.test("weights may be reshaped once, like a matrix used as a kernel, but not many times", () => {
  requireModestCost(reshaping(1), 1);
  assertThrows(
    () => requireModestCost(reshaping(4), 1),
    InputError,
    "needs 25.2 M numbers shared by all images; expected at most 16.8 M",
  );
});
