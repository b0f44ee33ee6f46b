import { cifarEntry } from "./cifar.ts";

/** CIFAR-10 (A. Krizhevsky, 2009). */
export const cifar10 = cifarEntry({
  name: "cifar10",
  title: "CIFAR-10",
  about: "60,000 colour photographs of animals and vehicles, 32×32, in 10 classes " +
    "(A. Krizhevsky, 2009)",
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
  statistics: { mean: [0.4914, 0.4822, 0.4465], std: [0.2470, 0.2435, 0.2616] },
  layout: {
    train: [1, 2, 3, 4, 5].map((i) => `data_batch_${i}.bin`),
    test: ["test_batch.bin"],
    labelBytes: 1,
    labelIndex: 0,
  },
  archive: "cifar-10-binary",
  md5: "c32a1d4ab5d03f1284b67883e8d87530",
  folder: "cifar-10-batches-bin",
});
