/** Picture files with their labels as a dataset of pictures of any size. */
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { InputError } from "../../errors.ts";
import { BrokenPictures } from "../broken_pictures.ts";
import { emptyTargets, LABELS, multiHot } from "../image_source.ts";
import type { ChannelStatistics, OpenOptions, OpenPictures } from "../dataset.ts";
import { Paths } from "../paths.ts";
import { loadReader } from "../sources/load_reader.ts";
import { PictureFiles } from "../sources/picture_files.ts";
import { checkBeginnings } from "./scan.ts";
import type { Labelled } from "./split.ts";

/** What of ImageNet is commonly taken, as the networks expect that were trained on it. */
const STATISTICS: Readonly<Record<number, ChannelStatistics>> = {
  1: { mean: [0.449], std: [0.226] },
  3: { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
};

/** Files and their classes. */
export interface LabelledFiles {
  readonly name: string;
  readonly title: string;
  /** What the paths are relative to. */
  readonly root: string;
  readonly classNames: readonly string[];
  readonly channels: 1 | 3;
  /** Whether a picture may have any number of classes. Default false. */
  readonly severalLabels?: boolean;
  readonly train: readonly Labelled[];
  /** What validates. */
  readonly held: readonly Labelled[];
}

/** Opens them; what cannot be a picture is found when they are loaded. */
export function openPictureFiles(
  { name, title, root, classNames, channels, severalLabels = false, train, held }: LabelledFiles,
  { background: ground, onError = "stop", scan = true }: OpenOptions,
): OpenPictures {
  if (held.length === 0) {
    throw new InputError(
      `${root}: no picture is left to validate on; hold out more with holdOut`,
      { at: ["holdOut"] },
    );
  }
  const [target, field] = severalLabels
    ? ["targets", multiHot(classNames.length)] as const
    : ["labels", LABELS] as const;
  /** Of the objects that a split came in nothing is kept: they are many times as large. */
  const compact = (split: readonly Labelled[]) => {
    const data = emptyTargets(field, split.length);
    split.forEach(({ label, labels = [] }, i) => {
      if (!severalLabels) data[i] = label;
      else for (const one of labels) data[i * classNames.length + one] = 1;
    });
    return {
      paths: Paths.of(root, split.map(({ path }) => path)).handle,
      channels,
      ...(ground ? { ground } : {}),
      onError,
      targets: { [target]: { ...field, data } },
      broken: BrokenPictures.among(split.length).handle,
    };
  };
  const splits = [train, held].map(compact);
  const hash = createHash("sha256");
  for (const { paths: { bytes, starts }, targets } of splits) {
    for (const { buffer, byteOffset, byteLength } of [bytes, starts, targets[target].data]) {
      hash.update(new Uint8Array(buffer, byteOffset, byteLength).slice());
    }
  }
  const fingerprint = hash.digest("hex").slice(0, 32);
  const sizes = { train: train.length, test: held.length };
  return {
    info: {
      name,
      title,
      classNames,
      channels,
      statistics: STATISTICS[channels],
      targets: { [target]: field },
      sizes,
      fingerprint,
    },
    async load() {
      const reads = [root, await decoderFile()];
      const sources = splits.map((split) => new PictureFiles({ ...split, reads }));
      if (scan) await checkBeginnings(sources, onError);
      const [trained, measured] = sources;
      return { train: trained, test: measured };
    },
  };
}

/** The decoder's WebAssembly, which a worker reads beside the pictures. */
async function decoderFile(): Promise<string> {
  const { decoderLocation } = await loadReader();
  return fileURLToPath(decoderLocation());
}
