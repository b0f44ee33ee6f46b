/** Folders of image files. */
import { dirname, join } from "@std/path";
import { withFolder } from "./folder.ts";
import { pngChunk, pngFile, pngHeader, pngPixels } from "./png.ts";

/** A PNG file of one colour. */
export function plainPng(
  [red, green, blue]: readonly [number, number, number],
  width = 6,
  height = 4,
): Uint8Array<ArrayBuffer> {
  const kind = { width, height, depth: 8, colour: 2 } as const;
  const samples = Array.from({ length: width * height }, () => [red, green, blue]).flat();
  return pngFile(
    pngHeader(kind),
    pngChunk("IDAT", pngPixels(kind, samples)),
    pngChunk("IEND", new Uint8Array()),
  );
}

/** Writes files by their paths in a folder; text is encoded as UTF-8. */
export async function writeFiles(
  folder: string,
  files: Readonly<Record<string, Uint8Array | string>>,
): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await Deno.mkdir(dirname(join(folder, path)), { recursive: true });
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    await Deno.writeFile(join(folder, path), bytes);
  }
}

/** Runs a test in a folder with these files. */
export function withFiles(
  files: Readonly<Record<string, Uint8Array | string>>,
  test: (folder: string) => Promise<void>,
): Promise<void> {
  return withFolder(async (folder) => {
    await writeFiles(folder, files);
    await test(folder);
  });
}
