import { takeColumns } from "./columns.ts";
import type { DatasetInfo, Splits } from "./dataset.ts";
import { imageSize, LABELS } from "./image_source.ts";
import { publishedEntry } from "./published.ts";
import type { LocatedFile, LocatedFiles } from "./published_files.ts";
import { checkLabel, readDataFile, requireLength } from "./records.ts";
import { emptyLabelled, type MemorySource } from "./sources/memory.ts";

const INFO: DatasetInfo = {
  name: "stl10",
  title: "STL-10",
  classNames: [
    "airplane",
    "bird",
    "car",
    "cat",
    "deer",
    "dog",
    "horse",
    "monkey",
    "ship",
    "truck",
  ],
  imageShape: { height: 96, width: 96, channels: 3 },
  statistics: { mean: [0.4467, 0.4398, 0.4066], std: [0.2603, 0.2566, 0.2713] },
  targets: { labels: LABELS },
  sizes: { train: 5000, test: 8000 },
};

/** Unlabelled images in the archive, which are not unpacked. */
const UNLABELLED = 100_000;

/** Bytes of an image and its label. */
const RECORD = imageSize(INFO.imageShape) + 1;

/** STL-10 (A. Coates, H. Lee, A. Ng, 2011), binary, without the images that have no label. */
export const stl10 = publishedEntry({
  info: INFO,
  about: "13,000 colour photographs of animals and vehicles, 96×96, in 10 classes (A. Coates, " +
    "H. Lee, A. Ng, 2011)",
  files: ["train_X.bin", "train_y.bin", "test_X.bin", "test_y.bin"],
  gzipped: false,
  layouts: [".", "stl10_binary", "stl10_binary/stl10_binary"],
  remoteFiles: [{
    name: "stl10_binary.tar.gz",
    urls: [
      "http://ai.stanford.edu/~acoates/stl10/stl10_binary.tar.gz",
      "https://cs.stanford.edu/~acoates/stl10/stl10_binary.tar.gz",
    ],
    mirrorPath: "stl10_binary.tar.gz",
    checksum: "md5:91f7769df0f17e558f3565bffb0c7dfb",
    bytes: 2_640_397_119,
    recordBytes: (INFO.sizes.train + INFO.sizes.test + UNLABELLED) * RECORD,
    unpackedBytes: (INFO.sizes.train + INFO.sizes.test) * RECORD,
    contents: [
      { name: "train_X.bin", checksum: "md5:918c2871b30a85fa023e0c44e0bee87f" },
      { name: "train_y.bin", checksum: "md5:5a34089d4802c674881badbb80307741" },
      { name: "test_X.bin", checksum: "md5:7f263ba9f9e0b06b93213547f721ac82" },
      { name: "test_y.bin", checksum: "md5:36f9794fa4beb8a2c72628de14fa638e" },
    ],
    unpack: { only: /(^|\/)(train|test)_[Xy]\.bin$/ },
  }],
  load: (files) => loadStl10(files, INFO),
});

/** Reads both splits. */
export async function loadStl10(files: LocatedFiles["files"], info: DatasetInfo): Promise<Splits> {
  const split = (name: "train" | "test") =>
    loadSplit(files.get(`${name}_X.bin`)!, files.get(`${name}_y.bin`)!, info.sizes[name], info);
  return { train: await split("train"), test: await split("test") };
}

async function loadSplit(
  pictures: LocatedFile,
  classes: LocatedFile,
  count: number,
  info: DatasetInfo,
): Promise<MemorySource> {
  const size = imageSize(info.imageShape);
  const read = async (file: LocatedFile, record: number) => {
    const bytes = await readDataFile(file, count * record, info.name);
    requireLength(bytes, count * record, file.path, info.name, ` (${count} records of ${record})`);
    return bytes;
  };
  const [pixels, numbers] = [await read(pictures, size), await read(classes, 1)];
  const { source, labels } = emptyLabelled(count, info.imageShape);
  for (let i = 0; i < count; i++) {
    // Classes are counted from 1; 0 becomes 255, which is not a class.
    labels[i] = checkLabel((numbers[i] + 255) % 256, i, info, classes.path);
    takeColumns(pixels.subarray(i * size), source.images.subarray(i * size), info.imageShape);
  }
  return source;
}
