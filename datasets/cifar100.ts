import { cifarEntry } from "./cifar.ts";

/** CIFAR-100 with its fine labels (A. Krizhevsky, 2009). */
export const cifar100 = cifarEntry({
  name: "cifar100",
  title: "CIFAR-100",
  about: "60,000 colour photographs, 32×32, in 100 classes (A. Krizhevsky, 2009)",
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
  statistics: { mean: [0.5071, 0.4865, 0.4409], std: [0.2673, 0.2564, 0.2762] },
  // Each record begins with the coarse label, one of 20, which is ignored, then the fine one.
  layout: { train: ["train.bin"], test: ["test.bin"], labelBytes: 2, labelIndex: 1 },
  pickles: { folder: "cifar-100-python", train: ["train"], test: ["test"], labels: "fine_labels" },
  archive: "cifar-100-binary",
  sha256: "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec",
  bytes: 168_513_733,
  contents: {
    "train.bin": "f31298fc616915fa142368359df1c4ca2ae984d6915ca468b998a5ec6aeebf29",
    "test.bin": "d8b1e6b7b3bee4020055f0699b111f60b1af1e262aeb93a0b659061746f8224a",
  },
  folder: "cifar-100-binary",
});
