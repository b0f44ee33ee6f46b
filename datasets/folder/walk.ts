/** Finds the image files in a folder and its subfolders. */
import { extname, join } from "node:path";
import { kindOf } from "../../files/kind_of_file.ts";
import { isPictureName, SIGNATURE_BYTES } from "../../files/picture_names.ts";
import { partOf } from "../../files/window.ts";
import type { Listing } from "./listing.ts";
import type { Skipped, SkippedFile } from "./skipped.ts";

/**
 * Reports the paths of the images in `folder` and below, relative to the root. A folder reached by several
 * links is visited once. Files are recognized by name; others only if they begin as an image.
 */
export async function picturesIn(
  listing: Listing,
  folder: string,
  skipped: Skipped,
  add: (path: string) => void,
): Promise<void> {
  const visited = new Set<string>();
  const visit = async (folder: string) => {
    const { folders, files, lost, identity } = await listing.entriesOf(folder);
    if (visited.has(identity)) return;
    visited.add(identity);
    for (const name of files) {
      const file = `${folder}/${name}`;
      const other = otherThanPicture(listing.root, file);
      if (other) skipped.add({ path: join(listing.root, file), ...other });
      else add(file);
    }
    for (const name of lost) {
      const path = join(listing.root, folder, name);
      skipped.add({ path, what: "link without a file", isPicture: isPictureName(name) });
    }
    for (const name of folders) await visit(`${folder}/${name}`);
  };
  await visit(folder);
}

/** Why a file is not an image, by its name and its first bytes. */
function otherThanPicture(root: string, path: string): Omit<SkippedFile, "path"> | undefined {
  // The file cannot be opened: bytes that are not Unicode are lost from its name.
  if (path.includes("\ufffd")) return { what: "name that is not Unicode", isPicture: true };
  if (isPictureName(path)) return undefined;
  const other = { what: extname(path).toLowerCase() || "without extension" };
  try {
    const kind = kindOf(partOf(join(root, path), 0, SIGNATURE_BYTES));
    if (!kind?.isPicture) return other;
    return kind.fits === "picture" ? undefined : { what: kind.what, isPicture: true };
  } catch {
    return other;
  }
}
