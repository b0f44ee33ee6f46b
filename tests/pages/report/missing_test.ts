import { assertEquals } from "@std/assert";
import { sharedMissing } from "../../../pages/report/missing.ts";

Deno.test("parts missing from several runs for the same reason are listed once", () => {
  const runs = ["a", "b", "c"].map((name) => ({
    name,
    folder: `runs/${name}`,
    missing: [
      { what: "folded network", why: `a training writes runs/${name}/folded at its end` },
      ...(name === "b" ? [{ what: "checkpoint", why: "runs/b/last is damaged" }] as const : []),
    ] as const,
  }));
  assertEquals(sharedMissing(runs), [
    { what: "folded network", why: "a training writes RUN/folded at its end", of: "3 runs" },
    { what: "checkpoint", why: "runs/b/last is damaged", of: "b" },
  ]);
});
