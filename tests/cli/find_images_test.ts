import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { findImages } from "../../cli/find_images.ts";
import { withFiles } from "../support/pictures.ts";

/** Calls `work` with a folder that holds empty files of these names. */
const withEmptyFiles = (names: readonly string[], work: (folder: string) => Promise<void>) =>
  withFiles(Object.fromEntries(names.map((name) => [name, ""])), work);

/** What `findImages` finds, with paths relative to the folder. */
async function found(folder: string, ...words: string[]) {
  const { paths, missing, skipped } = await findImages(words.map((word) => join(folder, word)));
  const short = (text: string) => text.replace(folder, "").replace(/^[/\\]/, "");
  return {
    paths: paths.map(short),
    missing: missing.map(short),
    skipped: skipped.map(short),
  };
}

Deno.test("a folder stands for all images below it, a pattern for the files that match", () =>
  withEmptyFiles(["b.png", "a.JPG", "c/d.jpeg", "c/note.txt", ".hidden/e.png"], async (folder) => {
    const d = join("c", "d.jpeg");
    assertEquals(await found(folder, ""), {
      paths: ["a.JPG", "b.png", d],
      missing: [],
      skipped: [": skipped 1 × hidden, 1 × .txt"],
    });
    const { paths, missing } = await found(folder, "*.png", "c");
    assertEquals([paths, missing], [["b.png", d], []]);
    assertEquals((await found(folder, "c/*")).paths, [d, join("c", "note.txt")]);
    // Named files are taken, repeated or not, whatever their kind.
    assertEquals((await found(folder, "b.png", "c/note.txt", "b.png")).paths.length, 3);
  }));

Deno.test("images in a folder are recognized by extension or first bytes", () =>
  withEmptyFiles(["a.jfif", "b.JPE", "c.jif", "d.pjpeg", "e.apng", "f.jp2"], async (folder) => {
    await Deno.writeFile(join(folder, "g"), new Uint8Array([0xff, 0xd8, 0xff, 0xe0]));
    await Deno.writeFile(join(folder, "h.dat"), new TextEncoder().encode("no picture"));
    await Deno.writeFile(join(folder, "i.tmp"), new Uint8Array([0x89, 0x50, 0x4e, 0x47, 13]));
    assertEquals(await found(folder, "."), {
      paths: ["a.jfif", "b.JPE", "c.jif", "d.pjpeg", "e.apng", "g", "i.tmp"],
      missing: [],
      skipped: [": skipped 1 × .jp2, 1 × .dat"],
    });
  }));

Deno.test({
  name: "links, pipes and names that are not Unicode are skipped and counted by kind",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    withEmptyFiles(["in/a.png", "in/b.mp4", "in/c.mp4", "in/d", "out/e.png"], async (folder) => {
      const inside = join(folder, "in");
      await Deno.symlink(join(folder, "out", "e.png"), join(inside, "to_a_file.png"));
      await Deno.symlink(join(folder, "out"), join(inside, "to_a_folder"));
      await Deno.symlink(inside, join(inside, "to_itself"));
      await Deno.symlink("nothing", join(inside, "to_nothing.png"));
      const script = "mkfifo pipe.png; printf x > \"$(printf 'f\\377.png')\"";
      const { success } = await new Deno.Command("sh", { args: ["-c", script], cwd: inside })
        .output();
      assertEquals(success, true);
      const others = "1 × link to nothing, 1 × pipe or device, 1 × name that is not Unicode";
      const { paths, skipped } = await found(folder, "in");
      assertEquals(paths, ["in/a.png", "in/to_a_file.png"]);
      const [sentence] = skipped;
      const parts = sentence.replace("in: skipped ", "").split(", ").sort();
      const expected = `${others}, 2 × .mp4, 2 × link to a folder, 1 × without extension`;
      assertEquals(parts, expected.split(", ").sort());
      const pattern = await found(folder, "in/*.png");
      assertEquals(pattern.paths, paths);
      const told = pattern.skipped[0].replace("in/*.png: skipped ", "").split(", ").sort();
      assertEquals(told, others.split(", ").sort());
    }),
});

Deno.test({
  name: "links to files that Deno blocks are skipped in folders and reported if named",
  ignore: Deno.build.os !== "linux",
  permissions: { read: true, write: true },
  fn: () =>
    withEmptyFiles(["in/a.png"], async (folder) => {
      const closed = "file that Deno opens for no program";
      await Deno.symlink("/proc/self/environ", join(folder, "in", "b.png"));
      await Deno.symlink("/proc/self/environ", join(folder, "in", "c"));
      const { paths, skipped } = await found(folder, "in", "in/*");
      assertEquals(paths, ["in/a.png", "in/a.png"]);
      const times = `skipped 2 × ${closed}`;
      assertEquals(skipped, [`in: ${times}`, `in/*: ${times}`]);
      assertEquals((await found(folder, "in/b.png")).missing, [`in/b.png: a ${closed}`]);
    }),
});

Deno.test("an existing file whose name looks like a pattern is taken as a file", () =>
  withEmptyFiles(["[1].png", "1.png"], async (folder) => {
    const path = join(folder, "[1].png");
    assertEquals(await findImages([path]), { paths: [path], missing: [], skipped: [] });
  }));

Deno.test("an argument that matches no image is reported with the reason", () =>
  withEmptyFiles(["c/note.txt"], async (folder) => {
    const words = ["c", "*.png", "x.png"].map((word) => join(folder, word));
    assertEquals(await findImages(words), {
      paths: [],
      missing: [
        `${words[0]}: no images in this folder; skipped 1 × .txt`,
        `${words[1]}: no file matches this pattern`,
        `${words[2]}: no such file or folder`,
      ],
      skipped: [],
    });
  }));

Deno.test("an unreadable folder counts as missing, not as skipped", () =>
  withEmptyFiles(["in/a.png", "in/closed/b.png", "closed/c.png"], async (folder) => {
    const readDir = Deno.readDir;
    using _ = {
      [Symbol.dispose]() {
        Deno.readDir = readDir;
      },
    };
    // Root may read regardless of permissions.
    Deno.readDir = (path) => {
      if (String(path).endsWith("closed")) throw new Deno.errors.PermissionDenied();
      return readDir(path);
    };
    const closed = (name: string) =>
      `${name}: this folder cannot be read; permit it, or leave it out`;
    assertEquals(await found(folder, "in", "closed"), {
      paths: [join("in", "a.png")],
      missing: [closed(join("in", "closed")), closed("closed")],
      skipped: [],
    });
  }));

Deno.test("a folder may hold more images than a function takes arguments", async () => {
  const { readDir, stat, open } = Deno;
  const names = Array.from({ length: 200_000 }, (_, i) => `${i}.png`);
  const answers = {
    readDir: async function* () {
      for (const name of names) yield { name, isFile: true };
    },
    stat: (path: string) =>
      Promise.resolve({ isFile: path !== "many", isDirectory: path === "many" }),
    open: () => Promise.resolve({ [Symbol.dispose]() {} }),
  };
  try {
    Object.assign(Deno, answers);
    assertEquals((await findImages(["many"])).paths.length, names.length);
  } finally {
    Object.assign(Deno, { readDir, stat, open });
  }
});
