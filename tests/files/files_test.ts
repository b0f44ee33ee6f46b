import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { join } from "node:path";
import { InputError } from "../../errors.ts";
import { writeFileAtomic } from "../../files/atomic.ts";
import { cacheFolder } from "../../files/cache.ts";
import { digestOfFile, parseChecksum } from "../../files/checksum.ts";
import { withLock } from "../../files/lock.ts";
import { withFolder } from "../support/folder.ts";

Deno.test("text, bytes and chunks are written, over what was there", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "new", "file");
    await writeFileAtomic(path, "text");
    assertEquals(await Deno.readTextFile(path), "text");
    await writeFileAtomic(path, new Uint8Array([1, 2]));
    await writeFileAtomic(path, [new Uint8Array([3, 4]), new Uint8Array([5])]);
    assertEquals(await Deno.readFile(path), new Uint8Array([3, 4, 5]));
  });
});

Deno.test("a write that fails leaves the old file and nothing else", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "file");
    await writeFileAtomic(path, "old");
    function* broken() {
      yield new Uint8Array(10);
      throw new Error("broken off");
    }
    await assertRejects(() => writeFileAtomic(path, broken()), Error, "broken off");
    assertEquals(await Deno.readTextFile(path), "old");
    assertEquals([...Deno.readDirSync(folder)].length, 1);
  });
});

Deno.test("the cache is where the environment says, else where the system keeps caches", () => {
  const folder = (variables: Record<string, string>, os: typeof Deno.build.os = "linux") =>
    cacheFolder({ get: (name) => variables[name], os });
  const home = { HOME: "/home/a" };
  assertEquals(folder({ ...home, OVERFOLD_CACHE: "/c", XDG_CACHE_HOME: "/x" }), "/c");
  assertEquals(folder({ ...home, XDG_CACHE_HOME: "/x" }), join("/x", "overfold"));
  assertEquals(folder(home), join("/home/a", ".cache", "overfold"));
  assertEquals(folder(home, "darwin"), join("/home/a", "Library", "Caches", "overfold"));
  assertEquals(folder({ LOCALAPPDATA: "/l" }, "windows"), join("/l", "overfold", "cache"));
  assertThrows(() => folder({}), InputError, "OVERFOLD_CACHE");
});

Deno.test("checksums are parsed and computed", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "file");
    await Deno.writeTextFile(path, "abc");
    const md5 = "900150983cd24fb0d6963f7d28e17f72";
    assertEquals(await digestOfFile(path, "md5"), md5);
    assertEquals(parseChecksum(`MD5:${md5}`, "here"), { algorithm: "md5", digest: md5 });
    assertEquals(parseChecksum("none", "here"), undefined);
    for (const bad of [md5, "md5:12", "sha256:" + md5, "crc32:00000000", ""]) {
      assertThrows(() => parseChecksum(bad, "here"), InputError, "here: ");
    }
  });
});

Deno.test("work under a lock is done by one at a time", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "a", "b.lock");
    const events: string[] = [];
    const gate = Promise.withResolvers<void>();
    let second: Promise<void> | undefined;
    await withLock(path, async () => {
      second = withLock(
        path,
        () => Promise.resolve(void events.push("second in")),
        () => {
          events.push("second waits");
          gate.resolve();
        },
      );
      await gate.promise;
      events.push("first out");
    });
    await second;
    assertEquals(events, ["second waits", "first out", "second in"]);
  });
});

Deno.test("a place where nothing can be written is the user's mistake", async () => {
  const file = await Deno.makeTempFile();
  try {
    await assertRejects(
      () => writeFileAtomic(join(file, "below", "a-file.txt"), "text"),
      InputError,
      "cannot be written",
    );
  } finally {
    await Deno.remove(file);
  }
});
