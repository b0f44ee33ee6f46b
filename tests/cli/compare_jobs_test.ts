import { assertEquals } from "@std/assert";
import { splitThreads } from "../../cli/backend.ts";
import { errorOf, failureOf } from "../../cli/compare_messages.ts";
import { InputError, RunError } from "../../errors.ts";
import { DivergedError } from "../../training/failures.ts";

Deno.test("threads are split between trainings, at least one each", () => {
  assertEquals(splitThreads("auto", 2, 8), { partition: "static", count: 4 });
  assertEquals(splitThreads(3, 2, 8), { partition: "static", count: 1 });
  const dynamic = { count: "auto", partition: "dynamic" } as const;
  assertEquals(splitThreads(dynamic, 16, 8), { partition: "dynamic", count: 1 });
});

Deno.test("an error sent between threads keeps its class", () => {
  for (const error of [new InputError("in"), new RunError("run"), new DivergedError("NaN")]) {
    const sent = errorOf(structuredClone(failureOf(error)));
    assertEquals([sent.constructor, sent.message], [error.constructor, error.message]);
  }
  const defect = errorOf(failureOf(new TypeError("oops")));
  assertEquals([defect.constructor, defect.message.startsWith("TypeError: oops\n")], [Error, true]);
});
