import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { join } from "node:path";
import { InputError, UserError } from "../../errors.ts";
import { writeFileAtomic } from "../../files/atomic.ts";
import { cacheFolder } from "../../files/cache.ts";
import { exists } from "../../files/exists.ts";
import { fromHome } from "../../files/home.ts";
import { digestOfFile, parseChecksum } from "../../files/checksum.ts";
import { withLock } from "../../files/lock.ts";
import { Output } from "../../files/output.ts";
import { checkPlace } from "../../files/place.ts";
import { removeTemporary, temporaryPath } from "../../files/temporary.ts";
import { FaultyDisk } from "../support/faulty_disk.ts";
import { withFolder } from "../support/folder.ts";

Deno.test("text, bytes and chunks replace a file's contents", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "new", "file");
    await writeFileAtomic(path, "text");
    assertEquals(await Deno.readTextFile(path), "text");
    await writeFileAtomic(path, new Uint8Array([1, 2]));
    await writeFileAtomic(path, [new Uint8Array([3, 4]), new Uint8Array([5])]);
    assertEquals(await Deno.readFile(path), new Uint8Array([3, 4, 5]));
  });
});

Deno.test("a failed write leaves only the old file", async () => {
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

Deno.test("a disk that fails at any call leaves only the old or the new file", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "file");
    const chunks = [new Uint8Array([110, 101]), new Uint8Array([119])];
    const sound = new FaultyDisk();
    await writeFileAtomic(path, chunks, sound);
    for (const fault of ["early", "late"] as const) {
      for (let call = 1; call <= sound.calls; call++) {
        await Deno.writeTextFile(path, "old");
        const disk = new FaultyDisk(call, fault);
        await assertRejects(() => writeFileAtomic(path, chunks, disk), UserError, path);
        const isNew = fault === "late" && call === sound.calls;
        assertEquals(await Deno.readTextFile(path), isNew ? "new" : "old");
        // If creating it failed late, it is not known to exist.
        const left = namesIn(folder).filter((name) => name !== "file");
        assertEquals(left.length, fault === "late" && call === 2 ? 1 : 0);
        for (const name of left) await Deno.remove(join(folder, name));
      }
    }
  });
});

Deno.test("the cache folder comes from the environment, else from the operating system", () => {
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

Deno.test("only one holder of a lock works at a time", async () => {
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

Deno.test("a path that cannot be written is an input error", async () => {
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

Deno.test("a replaced file keeps its permissions and links to it", async () => {
  await withFolder(async (folder) => {
    const [file, link] = [join(folder, "file"), join(folder, "link")];
    for (const mode of [0o600, 0o666]) {
      await Deno.writeTextFile(file, "old");
      await Deno.chmod(file, mode);
      await Deno.symlink(file, link).catch(() => {});
      await writeFileAtomic(link, "new");
      assertEquals((await Deno.lstat(link)).isSymlink, true);
      assertEquals(await Deno.readTextFile(file), "new");
      assertEquals((await Deno.stat(file)).mode! & 0o777, mode);
    }
    assertEquals(namesIn(folder), ["file", "link"]);
  });
});

Deno.test("a pipe is written to, not replaced", async () => {
  await withFolder(async (folder) => {
    const pipe = join(folder, "pipe");
    await new Deno.Command("mkfifo", { args: [pipe] }).output();
    await checkPlace(pipe);
    const [text] = await Promise.all([
      Deno.readTextFile(pipe),
      writeFileAtomic(pipe, [new Uint8Array([65]), new Uint8Array([66])]),
    ]);
    assertEquals(text, "AB");
    assertEquals((await Deno.stat(pipe)).isFifo, true);
    assertEquals(namesIn(folder), ["pipe"]);
  });
});

Deno.test("a device is written to, not replaced", async () => {
  await writeFileAtomic("/dev/null", "text");
  assertEquals((await Deno.stat("/dev/null")).isCharDevice, true);
});

Deno.test("checkPlace leaves no trace", async () => {
  await withFolder(async (folder) => {
    const file = join(folder, "file");
    await Deno.writeTextFile(file, "old");
    await Deno.symlink(join(folder, "nothing"), join(folder, "dangling"));
    const before = namesIn(folder);
    await checkPlace(file);
    await checkPlace(join(folder, "new", "deep", "file"));
    await checkPlace(join(folder, "x".repeat(255)));
    for (
      const [path, reason] of [
        [folder, "is a folder"],
        [join(file, "below"), "Not a directory"],
        [join(folder, "dangling"), "a dangling link"],
        [join(folder, "x".repeat(256)), "name too long"],
      ]
    ) {
      await assertRejects(() => checkPlace(path), InputError, reason);
      await assertRejects(() => writeFileAtomic(path, "new"), InputError, path);
    }
    assertEquals(namesIn(folder), before);
    assertEquals(await Deno.readTextFile(file), "old");
  });
});

Deno.test("an Output writes to a temporary file until it is finished", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "file.csv");
    await Deno.writeTextFile(path, "old");
    {
      using output = await Output.open(path);
      await output.write("a\n");
      assertEquals(await Deno.readTextFile(output.temporary), "a\n");
    }
    assertEquals(await Deno.readTextFile(path), "old");
    const [kept] = namesIn(folder).filter((name) =>
      /^file\.csv\.\d+-[0-9a-f]{8}\.part$/.test(name)
    );
    assertEquals(namesIn(folder), ["file.csv", kept]);
    using output = await Output.open(path);
    await output.write("a\n");
    await output.write(new TextEncoder().encode("b\n"));
    await output.finish();
    assertEquals(await Deno.readTextFile(path), "a\nb\n");
    assertEquals(namesIn(folder), ["file.csv", kept]);
  });
});

Deno.test("only our own temporary files are removed", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "a.bin");
    const foreign = [".a.bin.tmp", ".a.bin.1-ab.tmp", ".b.bin.1-0123abcd.tmp", "a.bin", "x.tmp"];
    for (const name of foreign) await Deno.writeTextFile(join(folder, name), "");
    await Deno.writeTextFile(temporaryPath(path), "");
    await removeTemporary(path);
    assertEquals(namesIn(folder), foreign.toSorted());
  });
});

function namesIn(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).toSorted();
}

Deno.test("only a leading ~/ is expanded", () => {
  assertEquals(
    ["~", "~/runs/a", "runs/~", "~a/b", "/~/a"].map((path) => fromHome(path, () => "/home/me")),
    ["/home/me", "/home/me/runs/a", "runs/~", "~a/b", "/~/a"],
  );
  assertThrows(() => fromHome("~/runs", () => undefined), InputError, "HOME");
});

Deno.test("a name that the system rejects is an input error", async () => {
  const name = "n".repeat(5000);
  await assertRejects(
    () => exists(name),
    InputError,
    `${name}: cannot be inspected: File name too`,
  );
});
