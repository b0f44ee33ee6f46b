import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { findImages } from "../../cli/find_images.ts";

/** Calls `work` with a folder that holds empty files of these names. */
async function withFiles(names: readonly string[], work: (folder: string) => Promise<void>) {
  const folder = await Deno.makeTempDir();
  try {
    for (const name of names) {
      const path = join(folder, name);
      await Deno.mkdir(join(path, ".."), { recursive: true });
      await Deno.writeTextFile(path, "");
    }
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** What is found, with paths from the folder on. */
async function found(folder: string, ...words: string[]) {
  const { paths, missing, passedOver } = await findImages(words.map((word) => join(folder, word)));
  const short = (text: string) => text.replace(folder, "").replace(/^[/\\]/, "");
  return {
    paths: paths.map(short),
    missing: missing.map(short),
    passedOver: passedOver.map(short),
  };
}

Deno.test("a folder means the pictures in it and below, a pattern the files that fit", () =>
  withFiles(["b.png", "a.JPG", "c/d.jpeg", "c/note.txt", ".hidden/e.png"], async (folder) => {
    const d = join("c", "d.jpeg");
    assertEquals(await found(folder, ""), {
      paths: ["a.JPG", "b.png", d],
      missing: [],
      passedOver: [": skipped 1 × hidden, 1 × .txt"],
    });
    const { paths, missing } = await found(folder, "*.png", "c");
    assertEquals([paths, missing], [["b.png", d], []]);
    assertEquals((await found(folder, "c/*")).paths, [d, join("c", "note.txt")]);
    // What is named is taken, again and whatever it is.
    assertEquals((await found(folder, "b.png", "c/note.txt", "b.png")).paths.length, 3);
  }));

Deno.test("pictures in a folder are known by any of their endings, and by how they begin", () =>
  withFiles(["a.jfif", "b.JPE", "c.jif", "d.pjpeg", "e.apng", "f.jp2"], async (folder) => {
    await Deno.writeFile(join(folder, "g"), new Uint8Array([0xff, 0xd8, 0xff, 0xe0]));
    await Deno.writeFile(join(folder, "h.dat"), new TextEncoder().encode("no picture"));
    await Deno.writeFile(join(folder, "i.tmp"), new Uint8Array([0x89, 0x50, 0x4e, 0x47, 13]));
    assertEquals(await found(folder, "."), {
      paths: ["a.jfif", "b.JPE", "c.jif", "d.pjpeg", "e.apng", "g", "i.tmp"],
      missing: [],
      passedOver: [": skipped 1 × .jp2, 1 × .dat"],
    });
  }));

Deno.test({
  name: "links, pipes and names that are no Unicode are passed over by kind, and told",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    withFiles(["in/a.png", "in/b.mp4", "in/c.mp4", "in/d", "out/e.png"], async (folder) => {
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
      const { paths, passedOver } = await found(folder, "in");
      assertEquals(paths, ["in/a.png", "in/to_a_file.png"]);
      const [sentence] = passedOver;
      const parts = sentence.replace("in: skipped ", "").split(", ").sort();
      const expected = `${others}, 2 × .mp4, 2 × link to a folder, 1 × without extension`;
      assertEquals(parts, expected.split(", ").sort());
      const pattern = await found(folder, "in/*.png");
      assertEquals(pattern.paths, paths);
      const told = pattern.passedOver[0].replace("in/*.png: skipped ", "").split(", ").sort();
      assertEquals(told, others.split(", ").sort());
    }),
});

Deno.test({
  name: "links to what Deno keeps closed are passed over in folders, and told where they are named",
  ignore: Deno.build.os !== "linux",
  permissions: { read: true, write: true },
  fn: () =>
    withFiles(["in/a.png"], async (folder) => {
      const closed = "file that Deno opens for no program";
      await Deno.symlink("/proc/self/environ", join(folder, "in", "b.png"));
      await Deno.symlink("/proc/self/environ", join(folder, "in", "c"));
      const { paths, passedOver } = await found(folder, "in", "in/*");
      assertEquals(paths, ["in/a.png", "in/a.png"]);
      const times = `skipped 2 × ${closed}`;
      assertEquals(passedOver, [`in: ${times}`, `in/*: ${times}`]);
      assertEquals((await found(folder, "in/b.png")).missing, [`in/b.png: a ${closed}`]);
    }),
});

Deno.test("a file whose name looks like a pattern is that file", () =>
  withFiles(["[1].png", "1.png"], async (folder) => {
    const path = join(folder, "[1].png");
    assertEquals(await findImages([path]), { paths: [path], missing: [], passedOver: [] });
  }));

Deno.test("a word that means no file is told with the reason", () =>
  withFiles(["c/note.txt"], async (folder) => {
    const words = ["c", "*.png", "x.png"].map((word) => join(folder, word));
    assertEquals(await findImages(words), {
      paths: [],
      missing: [
        `${words[0]}: no images in this folder; skipped 1 × .txt`,
        `${words[1]}: no file matches this pattern`,
        `${words[2]}: no such file or folder`,
      ],
      passedOver: [],
    });
  }));

Deno.test("a folder that cannot be read counts as what could not be read, not as passed over", () =>
  withFiles(["in/a.png", "in/closed/b.png", "closed/c.png"], async (folder) => {
    const readDir = Deno.readDir;
    using _ = {
      [Symbol.dispose]() {
        Deno.readDir = readDir;
      },
    };
    // Root may read whatever the permissions are.
    Deno.readDir = (path) => {
      if (String(path).endsWith("closed")) throw new Deno.errors.PermissionDenied();
      return readDir(path);
    };
    const closed = (name: string) =>
      `${name}: this folder cannot be read; permit it, or leave it out`;
    assertEquals(await found(folder, "in", "closed"), {
      paths: [join("in", "a.png")],
      missing: [closed(join("in", "closed")), closed("closed")],
      passedOver: [],
    });
  }));

Deno.test("a folder may hold more pictures than a function takes arguments", async () => {
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
