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
  pickles: {
    folder: "cifar-10-batches-py",
    train: [1, 2, 3, 4, 5].map((i) => `data_batch_${i}`),
    test: ["test_batch"],
    labels: "labels",
  },
  archive: "cifar-10-binary",
  sha256: "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
  bytes: 170_052_171,
  contents: {
    "data_batch_1.bin": "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5",
    "data_batch_2.bin": "a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed",
    "data_batch_3.bin": "bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67",
    "data_batch_4.bin": "014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48",
    "data_batch_5.bin": "755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add",
    "test_batch.bin": "8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b",
  },
  folder: "cifar-10-batches-bin",
});
