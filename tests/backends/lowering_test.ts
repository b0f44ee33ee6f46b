import { assertEquals, assertThrows } from "@std/assert";
import { variableSizes } from "../../backends/lowering.ts";
import { InputError } from "../../errors.ts";
import { output, readVariable, trace } from "../../graph/trace.ts";

const reading = (name: string, size: number) =>
  trace({ name, variables: [{ name: "weights", size }] }, () => {
    output("first", readVariable("weights", 0, [1]));
  });

Deno.test("programs share variables by name, and their sizes must match", () => {
  assertEquals(variableSizes([reading("a", 4), reading("b", 4)]), new Map([["weights", 4]]));
  assertThrows(() => variableSizes([reading("a", 4), reading("b", 5)]), InputError, "weights");
});

Deno.test("two programs with the same name are refused", () => {
  assertThrows(() => variableSizes([reading("a", 4), reading("a", 4)]), InputError, "called a");
});
