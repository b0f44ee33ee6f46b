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

Deno.test("a folder means the pictures in it and below, a pattern the files that fit", () =>
  withFiles(["b.png", "a.JPG", "c/d.jpeg", "c/note.txt", ".hidden/e.png"], async (folder) => {
    const find = async (...words: string[]) => {
      const { paths, missing } = await findImages(words.map((word) => join(folder, word)));
      return { paths: paths.map((path) => path.slice(folder.length + 1)), missing };
    };
    const d = join("c", "d.jpeg");
    assertEquals(await find(""), { paths: ["a.JPG", "b.png", d], missing: [] });
    assertEquals(await find("*.png", "c"), { paths: ["b.png", d], missing: [] });
    assertEquals((await find("c/*")).paths, [d, join("c", "note.txt")]);
    // What is named is taken, again and whatever it is.
    assertEquals((await find("b.png", "c/note.txt", "b.png")).paths.length, 3);
  }));

Deno.test("a file whose name looks like a pattern is that file", () =>
  withFiles(["[1].png", "1.png"], async (folder) => {
    const path = join(folder, "[1].png");
    assertEquals(await findImages([path]), { paths: [path], missing: [] });
  }));

Deno.test("a word that means no file is told with the reason", () =>
  withFiles(["c/note.txt"], async (folder) => {
    const words = ["c", "*.png", "x.png"].map((word) => join(folder, word));
    assertEquals(await findImages(words), {
      paths: [],
      missing: [
        `${words[0]}: no PNG or JPEG file in this folder`,
        `${words[1]}: no file fits this pattern`,
        `${words[2]}: no such file or folder`,
      ],
    });
  }));
