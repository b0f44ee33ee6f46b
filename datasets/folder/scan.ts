/** A quick look at the beginning of every image, before a training begins. */
import { InputError } from "../../errors.ts";
import { HEAD_BYTES, kindOf, unlike } from "../../files/kind_of_file.ts";
import { EXPECTED_PICTURE, formatOfPicture, NO_PICTURE } from "../../files/picture_names.ts";
import { bareRefusalOf } from "../../files/refusal.ts";
import { formatCount } from "../../reporting/format.ts";
import { sum } from "../../reporting/statistics.ts";
import type { OnError, PictureFiles } from "../sources/picture_files.ts";

/** Images that are looked at; of more, that would take as long as it saves. */
const MAX_LOOKED_AT = 100_000;
/** Broken ones that are told by name. */
const MAX_TOLD = 20;
/** Files after which others have their turn. */
const PORTION = 500;

/**
 * Tells files that begin as no picture: throws InputError that lists them, or counts them as broken
 * where the sources pass over those.
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
