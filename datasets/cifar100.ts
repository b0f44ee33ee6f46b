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
  // Each record begins with the coarse label, one of 20, which is not used, and the fine one.
  layout: { train: ["train.bin"], test: ["test.bin"], labelBytes: 2, labelIndex: 1 },
  archive: "cifar-100-binary",
  md5: "03b5dce01913d631647c71ecec9e9cb8",
  folder: "cifar-100-binary",
});
