import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { unpackArchive } from "../../../datasets/archive.ts";
import { InputError } from "../../../errors.ts";
import { withFolder } from "../../support/folder.ts";
import { type ZipFile, zipOf } from "../../support/zip.ts";

async function withZip(
  bytes: Uint8Array,
  test: (archive: string, folder: string, outer: string) => Promise<void>,
): Promise<void> {
  await withFolder(async (outer) => {
    const archive = join(outer, "a.zip");
    await Deno.writeFile(archive, bytes);
    await test(archive, join(outer, "unpacked"), outer);
  });
}

/** Expects that unpacking fails with this message and leaves nothing beside the archive. */
function refused(files: readonly ZipFile[], message: string, options = {}): Promise<void> {
  return withZip(zipOf(files), async (archive, folder, outer) => {
    const error = await assertRejects(() => unpackArchive(archive, folder, options), InputError);
    assertStringIncludes(error.message, message);
    assertEquals(error.message.startsWith(archive), true);
    assertEquals([...Deno.readDirSync(outer)].map(({ name }) => name), ["a.zip"]);
  });
}

const GOOD: ZipFile = { name: "good.txt", content: "hello" };

Deno.test("compressed and stored files of a zip are unpacked", () => {
  const read: number[] = [];
  const files = [
    { name: "a/", content: "", method: 0 },
    { name: "a/b.txt", content: "hello ".repeat(1000) },
    { name: "c/d.txt", content: "plain", method: 0, mode: 0o100644 },
    { name: "c/empty", content: "", method: 0 },
  ];
  return withZip(zipOf(files), async (archive, folder, outer) => {
    await unpackArchive(archive, folder, { onRead: (bytes) => read.push(bytes) });
    assertEquals(await Deno.readTextFile(join(folder, "a/b.txt")), "hello ".repeat(1000));
    assertEquals(await Deno.readTextFile(join(folder, "c/d.txt")), "plain");
    assertEquals((await Deno.stat(join(folder, "c/empty"))).size, 0);
    assertEquals([...Deno.readDirSync(outer)].length, 2);
    assertEquals(read.length, 3);
    assertEquals(read[1] - read[0], 5);
  });
});

Deno.test("only the selected files of a zip are unpacked", () =>
  withZip(zipOf([GOOD, { name: "test/a.txt", content: "x" }]), async (archive, folder) => {
    await unpackArchive(archive, folder, { only: /^(?!test\/)/ });
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), ["good.txt"]);
  }));

Deno.test("a zip whose directory is beyond its end is rejected", () => {
  const end = zipOf([]);
  const locator = new Uint8Array(20);
  locator.set([0x50, 0x4b, 6, 7]);
  locator.fill(0xff, 8, 16);
  return withZip(new Uint8Array([...locator, ...end]), async (archive, folder) => {
    await assertRejects(() => unpackArchive(archive, folder), InputError, "not a complete .zip");
  });
});

for (
  const [what, bad] of [
    ["leaves the folder", "../out.txt"],
    ["leaves the folder from within", "a/../../out.txt"],
    ["leaves the folder by backslashes", "a\\..\\..\\out.txt"],
    ["has an absolute path", "/tmp/out.txt"],
    ["has a drive letter", "C:/out.txt"],
  ]
) {
  Deno.test(`a zip with an entry that ${what} is rejected and leaves nothing`, () =>
    refused([GOOD, { name: bad, content: "evil" }], "out.txt"));
}

Deno.test("a zip with links, devices or encrypted files is rejected and leaves nothing", async () => {
  await refused([GOOD, { name: "a", content: "/etc/passwd", mode: 0o120777 }], '"a" is a symlink');
  await refused([GOOD, { name: "a", content: "", mode: 0o060666 }], '"a" is a device');
  await refused([GOOD, { ...GOOD, name: "a", flags: 1 }], '"a" is encrypted');
  await refused([GOOD, { ...GOOD, name: "a", method: 12 }], '"a" uses compression method 12');
});

Deno.test("a zip with a wrong size or checksum is rejected and leaves nothing", async () => {
  const wrong = "is damaged: its size or checksum does not match the archive's directory";
  await refused([GOOD, { ...GOOD, name: "a", sum: 1 }], wrong);
  await refused([GOOD, { ...GOOD, name: "a", size: 6 }], wrong);
  // A zip bomb is not inflated to its end.
  const bomb = { name: "a", content: new Uint8Array(2 ** 24), size: 10 };
  await refused([GOOD, bomb], "not a complete .zip archive");
  await refused([GOOD, { ...bomb, size: 2 ** 24 }], "contains more than 1000 bytes", {
    maxBytes: 1000,
  });
  await refused([GOOD, GOOD], "contains more than 1 files", { maxEntries: 1 });
});

Deno.test("a zip truncated anywhere is rejected and leaves nothing", async () => {
  const bytes = zipOf([GOOD, { name: "b/c.txt", content: "more" }]);
  for (const end of [0, 10, 40, 90, bytes.length - 30, bytes.length - 1]) {
    await withZip(bytes.subarray(0, end), async (archive, folder, outer) => {
      await assertRejects(
        () => unpackArchive(archive, folder),
        InputError,
        "not a complete .zip archive",
      );
      assertEquals([...Deno.readDirSync(outer)].map(({ name }) => name), ["a.zip"]);
    });
  }
});
