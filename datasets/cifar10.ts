import { loadCifar } from "./cifar.ts";
import type { DatasetInfo } from "./dataset.ts";
import { LABELS } from "./image_source.ts";
import { publishedEntry } from "./published.ts";

const info: DatasetInfo = {
  name: "cifar10",
  title: "CIFAR-10",
  classNames: [
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
  ],
  imageShape: { height: 32, width: 32, channels: 3 },
  statistics: { mean: [0.4914, 0.4822, 0.4465], std: [0.2470, 0.2435, 0.2616] },
  targets: { labels: LABELS },
  sizes: { train: 50000, test: 10000 },
};

const layout = {
  train: [1, 2, 3, 4, 5].map((i) => `data_batch_${i}.bin`),
  test: ["test_batch.bin"],
  labelBytes: 1,
  labelIndex: 0,
};

/** CIFAR-10 (A. Krizhevsky, 2009). */
export const cifar10 = publishedEntry({
  info,
  about: "60,000 colour photographs of animals and vehicles, 32×32, in 10 classes " +
    "(A. Krizhevsky, 2009)",
  files: [...layout.train, ...layout.test],
  gzipped: false,
  layouts: [
    ".",
    "cifar-10-batches-bin",
    "cifar-10-binary/cifar-10-batches-bin",
  ],
  remoteFiles: [{
    name: "cifar-10-binary.tar.gz",
    urls: ["https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"],
    mirrorPath: "cifar-10-binary.tar.gz",
    checksum: "md5:c32a1d4ab5d03f1284b67883e8d87530",
  }],
  load: (folder) => loadCifar(folder, info, layout),
});
