/** Checks the first bytes of every image before a training starts. */
import { InputError } from "../../errors.ts";
import { HEAD_BYTES, kindOf, unlike } from "../../files/kind_of_file.ts";
import { EXPECTED_PICTURE, formatOfPicture, NO_PICTURE } from "../../files/picture_names.ts";
import { bareRefusalOf } from "../../files/refusal.ts";
import { formatCount } from "../../reporting/format.ts";
import { sum } from "../../reporting/statistics.ts";
import type { OnError, PictureFiles } from "../sources/picture_files.ts";

/** Most images checked; more would take as long as the check saves. */
const MAX_LOOKED_AT = 100_000;
/** Most broken images listed by name. */
const MAX_TOLD = 20;
/** Files between yields to other work. */
const PORTION = 500;

/**
 * Finds files that do not begin as an image: throws InputError that lists them, or marks them as broken if
 * the sources skip those.
 */
export async function checkBeginnings(
  sources: readonly PictureFiles[],
  onError: OnError,
): Promise<void> {
  const all = sum(sources.map(({ count }) => count));
  if (all > MAX_LOOKED_AT) return;
  const broken: string[] = [];
  for (const pictures of sources) {
    for (let i = 0; i < pictures.count; i++) {
      if (i % PORTION === PORTION - 1) await new Promise((done) => setTimeout(done));
      const mistake = mistakeIn(pictures, i);
      if (!mistake) continue;
      if (onError === "skip") pictures.takeForBroken(i, mistake);
      broken.push(mistake.message);
    }
  }
  if (broken.length === 0 || onError === "skip") return;
  const more = broken.length - MAX_TOLD;
  throw new InputError(
    [
      `${formatCount(broken.length)} of ${formatCount(all)} images cannot be read; fix ` +
      "or remove them, or skip them with data.onError: skip",
      ...broken.slice(0, MAX_TOLD),
      ...(more > 0 ? [`and ${formatCount(more)} more`] : []),
    ].join("\n  "),
  );
}

function mistakeIn(pictures: PictureFiles, index: number): InputError | undefined {
  const path = pictures.nameOf(index);
  try {
    const head = pictures.beginningOf(index, HEAD_BYTES);
    if (!head || formatOfPicture(head) !== undefined) return undefined;
    return unlike(path, kindOf(head), "picture") ??
      new InputError(`${path}: ${NO_PICTURE}; ${EXPECTED_PICTURE}`);
  } catch (error) {
    const refusal = bareRefusalOf(error);
    if (refusal === undefined) throw error;
    return new InputError(`${path}: cannot be read: ${refusal}`, { cause: error });
  }
}
