import { loadCifar } from "./cifar.ts";
import type { DatasetInfo } from "./dataset.ts";
import { LABELS } from "./image_source.ts";
import { publishedEntry } from "./published.ts";

const info: DatasetInfo = {
  name: "cifar100",
  title: "CIFAR-100",
  classNames:
    ("apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus " +
      "butterfly camel can castle caterpillar cattle chair chimpanzee clock cloud cockroach " +
      "couch crab crocodile cup dinosaur dolphin elephant flatfish forest fox girl hamster " +
      "house kangaroo keyboard lamp lawn_mower leopard lion lizard lobster man maple_tree " +
      "motorcycle mountain mouse mushroom oak_tree orange orchid otter palm_tree pear " +
      "pickup_truck pine_tree plain plate poppy porcupine possum rabbit raccoon ray road rocket " +
      "rose sea seal shark shrew skunk skyscraper snail snake spider squirrel streetcar " +
      "sunflower sweet_pepper table tank telephone television tiger tractor train trout tulip " +
      "turtle wardrobe whale willow_tree wolf woman worm").split(" "),
  imageShape: { height: 32, width: 32, channels: 3 },
  statistics: { mean: [0.5071, 0.4865, 0.4409], std: [0.2673, 0.2564, 0.2762] },
  targets: { labels: LABELS },
  sizes: { train: 50000, test: 10000 },
};

/** Each record begins with the coarse label, one of 20, which is not used, and the fine one. */
const layout = { train: ["train.bin"], test: ["test.bin"], labelBytes: 2, labelIndex: 1 };

/** CIFAR-100 with its fine labels (A. Krizhevsky, 2009). */
export const cifar100 = publishedEntry({
  info,
  about: "60,000 colour photographs, 32×32, in 100 classes (A. Krizhevsky, 2009)",
  files: [...layout.train, ...layout.test],
  gzipped: false,
  layouts: [
    ".",
    "cifar-100-binary",
    "cifar-100-binary/cifar-100-binary",
  ],
  remoteFiles: [{
    name: "cifar-100-binary.tar.gz",
    urls: ["https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz"],
    mirrorPath: "cifar-100-binary.tar.gz",
    checksum: "md5:03b5dce01913d631647c71ecec9e9cb8",
  }],
  load: (folder) => loadCifar(folder, info, layout),
});
