import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { packTar, type TarEntry } from "npm:modern-tar@0.8.6";
import { unpackArchive } from "../../datasets/archive.ts";
import { InputError } from "../../errors.ts";
import { temporaryPath } from "../../files/temporary.ts";
import { withFolder } from "../support/folder.ts";

async function withArchive(
  entries: readonly TarEntry[],
  test: (archive: string, folder: string, outer: string) => Promise<void>,
  change: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer> = (bytes) => bytes,
) {
  await withFolder(async (outer) => {
    const archive = join(outer, "a.tar.gz");
    const tar = new Blob([await packTar(entries)]).stream();
    const gzipped = await new Response(tar.pipeThrough(new CompressionStream("gzip"))).bytes();
    await Deno.writeFile(archive, change(gzipped));
    await test(archive, join(outer, "unpacked"), outer);
  });
}

const entry = (name: string, type?: "file" | "directory" | "symlink" | "link"): TarEntry =>
  type === undefined || type === "file"
    ? { header: { name, size: 5 }, body: "hello" }
    : { header: { name, size: 0, type, linkname: "/etc/passwd" } };

Deno.test("files and folders are unpacked", async () => {
  await withArchive([entry("a/", "directory"), entry("a/b.txt"), entry("./c/d.txt")], async (
    archive,
    folder,
    outer,
  ) => {
    await unpackArchive(archive, folder);
    assertEquals(await Deno.readTextFile(join(folder, "a/b.txt")), "hello");
    assertEquals(await Deno.readTextFile(join(folder, "c/d.txt")), "hello");
    assertEquals([...Deno.readDirSync(outer)].length, 2);
  });
});

Deno.test("leftovers of a killed process are removed, other files stay", () =>
  withArchive([entry("a.txt")], async (archive, folder, outer) => {
    await Deno.mkdir(folder);
    await Deno.writeTextFile(join(folder, "a.txt"), "damaged");
    await Deno.writeTextFile(join(folder, "mine.txt"), "mine");
    await Deno.mkdir(join(temporaryPath(folder), "deep"), { recursive: true });
    await Deno.mkdir(join(outer, ".unpacked.1-2.tmp"));
    await unpackArchive(archive, folder);
    assertEquals(await Deno.readTextFile(join(folder, "a.txt")), "hello");
    assertEquals(await Deno.readTextFile(join(folder, "mine.txt")), "mine");
    assertEquals([...Deno.readDirSync(outer)].map(({ name }) => name).sort(), [
      ".unpacked.1-2.tmp",
      "a.tar.gz",
      "unpacked",
    ]);
  }));

Deno.test("an archive of more bytes than expected is rejected and leaves nothing", () =>
  withArchive([entry("a.txt"), entry("b.txt")], async (archive, folder, outer) => {
    await assertRejects(
      () => unpackArchive(archive, folder, { maxBytes: 9 }),
      InputError,
      "more than 9 bytes",
    );
    assertEquals([...Deno.readDirSync(outer)].map((left) => left.name), ["a.tar.gz"]);
    await unpackArchive(archive, folder, { maxBytes: 10 });
  }));

Deno.test("an archive of too many entries is rejected", () =>
  withArchive(
    Array.from({ length: 1001 }, () => entry("a/", "directory")),
    async (archive, folder) =>
      void await assertRejects(() => unpackArchive(archive, folder), InputError, "1000 files"),
  ));

Deno.test("the last of several entries of one name is unpacked", async () => {
  const later: TarEntry = { header: { name: "a.txt", size: 3 }, body: "bye" };
  await withArchive([entry("a.txt"), later], async (archive, folder) => {
    await unpackArchive(archive, folder);
    assertEquals(await Deno.readTextFile(join(folder, "a.txt")), "bye");
  });
});

const evil: [string, TarEntry][] = [
  ["leaves the folder", entry("../out.txt")],
  ["has a name of two lines", entry("../a\nerror: b")],
  ["leaves the folder from within", entry("a/../../out.txt")],
  ["leaves the folder by backslashes", entry("a\\..\\..\\out.txt")],
  ["has an absolute path", entry("/tmp/out.txt")],
  ["has a drive letter", entry("C:/out.txt")],
  ["is a file in place of its folder", entry("./.")],
  ["is a symbolic link", entry("a", "symlink")],
  ["is a hard link", entry("a", "link")],
];

for (const [what, bad] of evil) {
  Deno.test(`an archive with an entry that ${what} is rejected and leaves nothing`, async () => {
    await withArchive([entry("good.txt"), bad], async (archive, folder, outer) => {
      const error = await assertRejects(() => unpackArchive(archive, folder), InputError);
      assertStringIncludes(error.message, JSON.stringify(bad.header.name));
      assertEquals([...Deno.readDirSync(outer)].map((left) => left.name), ["a.tar.gz"]);
    });
  });
}

const conflicts: [string, TarEntry[], string][] = [
  ["is inside a file", [entry("a"), entry("a/b")], '"a/b"'],
  ["is a file in place of a folder", [entry("a/b/c"), entry("a")], '"a"'],
  ["has a name too long for file systems", [entry("x".repeat(256))], `"${"x".repeat(49)}`],
  ["is nested too deep for file systems", [entry("d/".repeat(2500))], '"d/d/'],
];

for (const [what, entries, name] of conflicts) {
  Deno.test(`an archive with an entry that ${what} is rejected by its name`, () =>
    withArchive(entries, async (archive, folder, outer) => {
      const error = await assertRejects(() => unpackArchive(archive, folder), InputError);
      assertStringIncludes(error.message, `${archive}: entry ${name}`);
      assertStringIncludes(error.message, "; delete the archive");
      assertEquals([...Deno.readDirSync(outer)].map((left) => left.name), ["a.tar.gz"]);
    }));
}

Deno.test("names that every file system accepts are unpacked", () =>
  withArchive([entry(`${"x".repeat(127)}/${"y".repeat(127)}`)], async (archive, folder) => {
    await unpackArchive(archive, folder);
    assertEquals([...Deno.readDirSync(folder)].length, 1);
  }));

Deno.test("a truncated archive is rejected and leaves nothing", async () => {
  const big: TarEntry = {
    header: { name: "big", size: 50_000 },
    body: crypto.getRandomValues(new Uint8Array(50_000)),
  };
  await withArchive(
    [big],
    async (archive, folder, outer) => {
      await assertRejects(
        () => unpackArchive(archive, folder),
        InputError,
        "not a complete .tar.gz",
      );
      assertEquals([...Deno.readDirSync(outer)].map((left) => left.name), ["a.tar.gz"]);
    },
    (bytes) => bytes.slice(0, 20_000),
  );
});

Deno.test("the limit on an archive's size includes data after its entries", () => {
  const padded = async (bytes: Uint8Array<ArrayBuffer>) => {
    const plain = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    const longer = new Blob([await new Response(plain).bytes(), new Uint8Array(2 ** 23)]).stream();
    return await new Response(longer.pipeThrough(new CompressionStream("gzip"))).bytes();
  };
  return withArchive([entry("a.txt")], async (archive, folder, outer) => {
    await Deno.writeFile(archive, await padded(await Deno.readFile(archive)));
    await assertRejects(
      () => unpackArchive(archive, folder, { maxBytes: 9 }),
      InputError,
      "more than 9 bytes",
    );
    assertEquals([...Deno.readDirSync(outer)].map((left) => left.name), ["a.tar.gz"]);
  });
});
