import { assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { Listing, type ListingOptions } from "../../../datasets/folder/listing.ts";
import { InputError } from "../../../errors.ts";
import { withFiles } from "../../support/pictures.ts";

const FILES = {
  "root/a/1.png": "",
  "root/a/2.png": "",
  "root/b/deep/3.png": "",
  "root/b/4.png": "",
};

/** Later than any change that a test makes. */
const LATER = () => Date.now() + 1e6;

/** The contents of a folder and those below, and the folders that were actually read. */
async function walk(
  root: string,
  options: ListingOptions,
  folders: readonly string[] = ["", "a", "b", "b/deep"],
): Promise<{ found: string[]; listed: string[] }> {
  const { readDirSync } = Deno;
  const listed: string[] = [];
  Deno.readDirSync = (path) => {
    listed.push(String(path).slice(root.length + 1));
    return readDirSync(path);
  };
  try {
    const listing = await Listing.open(root, { many: 1, now: LATER, ...options });
    const found: string[] = [];
    for (const folder of folders) {
      const { folders, files } = await listing.entriesOf(folder);
      found.push(`${folder}: ${[...folders, ...files].join(" ")}`);
    }
    await listing.close();
    return { found, listed };
  } finally {
    Deno.readDirSync = readDirSync;
  }
}

const ALL = [": a b", "a: 1.png 2.png", "b: deep 4.png", "b/deep: 3.png"];

Deno.test("a folder is read again only after a change in it", () =>
  withFiles(FILES, async (folder) => {
    const [root, cache] = [join(folder, "root"), join(folder, "cache")];
    const first = await walk(root, { cache });
    assertEquals(first, { found: ALL, listed: ["", "a", "b", "b/deep"] });
    assertEquals(await walk(root, { cache }), { found: ALL, listed: [] });
    await Deno.rename(join(root, "a/1.png"), join(root, "b/deep/1.png"));
    const changed = await walk(root, { cache });
    assertEquals(changed.listed, ["a", "b/deep"]);
    assertEquals(changed.found.filter((line) => !ALL.includes(line)), [
      "a: 2.png",
      "b/deep: 1.png 3.png",
    ]);
    // Another folder in its place, with the old times.
    const times = await Deno.stat(join(root, "a"));
    await Deno.rename(join(root, "a"), join(folder, "old"));
    await Deno.mkdir(join(root, "a"));
    await Deno.writeTextFile(join(root, "a", "new.png"), "");
    await Deno.utime(join(root, "a"), times.atime!, times.mtime!);
    const other = await walk(root, { cache });
    assertEquals([other.listed, other.found[1]], [["", "a"], "a: new.png"]);
    // Another root has its own listing.
    assertEquals((await walk(join(root, "b"), { cache }, ["", "deep"])).listed, ["", "deep"]);
  }));

Deno.test("a folder that had just changed when it was read is read again", () =>
  withFiles(FILES, async (folder) => {
    const [root, cache] = [join(folder, "root"), join(folder, "cache")];
    await walk(root, { cache, now: () => Date.now() });
    assertEquals((await walk(root, { cache })).listed, ["", "a", "b", "b/deep"]);
    assertEquals((await walk(root, { cache })).listed, []);
  }));

Deno.test("an interrupted listing is continued, a damaged one is discarded", () =>
  withFiles(FILES, async (folder) => {
    const [root, cache] = [join(folder, "root"), join(folder, "cache")];
    await walk(root, { cache });
    const [{ name }] = [...Deno.readDirSync(join(cache, "listings"))];
    const path = join(cache, "listings", name);
    const whole = await Deno.readFile(path);
    await Deno.writeFile(path, whole.subarray(0, whole.length - 10));
    assertEquals(await walk(root, { cache }), { found: ALL, listed: ["b/deep"] });
    assertEquals((await walk(root, { cache })).listed, []);
    await Deno.writeTextFile(path, "no journal");
    assertEquals((await walk(root, { cache })).found, ALL);
    assertEquals((await walk(root, { cache })).listed, []);
  }));

Deno.test("links are followed again each time", () =>
  withFiles({ ...FILES, "other/x.png": "" }, async (folder) => {
    const [root, cache] = [join(folder, "root"), join(folder, "cache")];
    await Deno.symlink(join(folder, "other"), join(root, "a", "link"));
    await walk(root, { cache });
    const see = async () => (await walk(root, { cache }, ["a"])).found[0];
    assertEquals(await see(), "a: link 1.png 2.png");
    await Deno.rename(join(folder, "other"), join(folder, "gone"));
    assertEquals(await see(), "a: 1.png 2.png");
    await Deno.writeTextFile(join(folder, "other"), "");
    assertEquals(await see(), "a: 1.png 2.png link");
  }));

Deno.test("listings are not cached for few files or if the cache is not writable", () =>
  withFiles({ ...FILES, file: "" }, async (folder) => {
    const [root, cache] = [join(folder, "root"), join(folder, "cache")];
    await walk(root, { cache, many: 5 });
    await assertRejects(() => Deno.stat(cache), Deno.errors.NotFound);
    const notices: string[] = [];
    const onNotice = (line: string) => notices.push(line);
    const { found } = await walk(root, { cache: join(folder, "file"), onNotice });
    assertEquals(found, ALL);
    assertEquals(notices.length, 1);
  }));

Deno.test("the journal does not grow with every change", () =>
  withFiles(FILES, async (folder) => {
    const [root, cache] = [join(folder, "root"), join(folder, "cache")];
    const sizes: number[] = [];
    for (let i = 0; i < 12; i++) {
      await Deno.writeTextFile(join(root, "a", `${i}.txt`), "");
      await Deno.remove(join(root, "a", `${i - 1}.txt`)).catch(() => {});
      await walk(root, { cache, now: () => Date.now() });
      const [{ name }] = [...Deno.readDirSync(join(cache, "listings"))];
      sizes.push((await Deno.stat(join(cache, "listings", name))).size);
    }
    assertEquals(Math.max(...sizes) < 3 * sizes[0], true, `${sizes}`);
  }));

Deno.test("a missing folder is reported by name", () =>
  withFiles(FILES, async (folder) => {
    const listing = await Listing.open(join(folder, "root"), {});
    await assertRejects(() => listing.entriesOf("c"), InputError, "c: this folder cannot be read");
  }));
