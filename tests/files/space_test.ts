import { assertEquals, assertRejects } from "@std/assert";
import { RunError } from "../../errors.ts";
import { freeSpace, requireSpace } from "../../files/space.ts";

Deno.test("sufficient or unknown free space is accepted", async () => {
  await requireSpace("cache", 10, "food101", () => Promise.resolve(10));
  await requireSpace("cache", 10, "food101", () => Promise.resolve(undefined));
});

Deno.test("too little free space is rejected with the sizes and advice", async () => {
  const error = await assertRejects(
    () => requireSpace("cache", 2 ** 31, "food101", () => Promise.resolve(2 ** 30)),
    RunError,
  );
  assertEquals(
    error.message,
    "cache: food101 takes 2.0 GiB, but the disk has only 1.0 GiB available; free some space, or name " +
      "another cache by the environment's OVERFOLD_CACHE",
  );
});

Deno.test("free space is unknown without permission to query it", async () => {
  // The tests themselves have none.
  assertEquals(await freeSpace("."), undefined);
});
