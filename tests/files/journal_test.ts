import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { compactJournal, Journal, readJournal, type RecordPlace } from "../../files/journal.ts";
import { withFolder } from "../support/folder.ts";

async function recordsIn(path: string): Promise<string[]> {
  const records: string[] = [];
  await readJournal(path, (record) => records.push(new TextDecoder().decode(record)));
  return records;
}

async function add(path: string, ...records: string[]): Promise<void> {
  using journal = await Journal.open(path);
  for (const record of records) await journal!.add(new TextEncoder().encode(record));
  await journal!.flush();
}

Deno.test("a reopened journal has its records, and more can be added", () =>
  withFolder(async (folder) => {
    const path = join(folder, "deep", "journal");
    assertEquals(await recordsIn(path), []);
    const long = "x".repeat(1 << 19);
    await add(path, "one", "", long);
    await add(path, "two");
    assertEquals(await recordsIn(path), ["one", "", long, "two"]);
  }));

Deno.test("truncated and damaged records are dropped, and new ones replace them", () =>
  withFolder(async (folder) => {
    const path = join(folder, "journal");
    await add(path, "one", "two", "three");
    const whole = await Deno.readFile(path);
    for (let length = 0; length < whole.length; length++) {
      await Deno.writeFile(path, whole.subarray(0, length));
      const [one, two] = [11, 22].map((end) => length >= end);
      const sound = [...(one ? ["one"] : []), ...(two ? ["two"] : [])];
      assertEquals(await recordsIn(path), sound);
    }
    await add(path, "four");
    assertEquals(await recordsIn(path), ["one", "two", "four"]);
    whole[20] ^= 1;
    await Deno.writeFile(path, whole);
    assertEquals(await recordsIn(path), ["one"]);
    // An impossible length allocates no memory.
    whole.fill(255, 0, 4);
    await Deno.writeFile(path, whole);
    assertEquals(await recordsIn(path), []);
  }));

Deno.test("only one process at a time can add to a journal", () =>
  withFolder(async (folder) => {
    const path = join(folder, "journal");
    using first = await Journal.open(path);
    assertEquals(await Journal.open(path), undefined);
    first!.close();
    using second = await Journal.open(path);
    assertEquals(second === undefined, false);
  }));

Deno.test("a compacted journal has only the chosen records", () =>
  withFolder(async (folder) => {
    const path = join(folder, "journal");
    await add(path, "one", "two", "three");
    const places: RecordPlace[] = [];
    await readJournal(path, (_, place) => places.push(place));
    await compactJournal(path, [places[2], places[0]]);
    assertEquals(await recordsIn(path), ["three", "one"]);
  }));
