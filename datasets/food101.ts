import { z } from "../schema/entry.ts";
import type { DatasetEntry } from "./dataset.ts";
import {
  classOf,
  openPublishedPictures,
  pictureArchive,
  PictureLister,
  type PublishedPictures,
  rowsOf,
} from "./published_pictures.ts";

const schema = z.object({});

const CLASS_NAMES =
  ("apple_pie baby_back_ribs baklava beef_carpaccio beef_tartare beet_salad beignets bibimbap " +
    "bread_pudding breakfast_burrito bruschetta caesar_salad cannoli caprese_salad carrot_cake " +
    "ceviche cheese_plate cheesecake chicken_curry chicken_quesadilla chicken_wings " +
    "chocolate_cake chocolate_mousse churros clam_chowder club_sandwich crab_cakes creme_brulee " +
    "croque_madame cup_cakes deviled_eggs donuts dumplings edamame eggs_benedict escargots " +
    "falafel filet_mignon fish_and_chips foie_gras french_fries french_onion_soup french_toast " +
    "fried_calamari fried_rice frozen_yogurt garlic_bread gnocchi greek_salad " +
    "grilled_cheese_sandwich grilled_salmon guacamole gyoza hamburger hot_and_sour_soup hot_dog " +
    "huevos_rancheros hummus ice_cream lasagna lobster_bisque lobster_roll_sandwich " +
    "macaroni_and_cheese macarons miso_soup mussels nachos omelette onion_rings oysters pad_thai " +
    "paella pancakes panna_cotta peking_duck pho pizza pork_chop poutine prime_rib " +
    "pulled_pork_sandwich ramen ravioli red_velvet_cake risotto samosa sashimi scallops " +
    "seaweed_salad shrimp_and_grits spaghetti_bolognese spaghetti_carbonara spring_rolls steak " +
    "strawberry_shortcake sushi tacos takoyaki tiramisu tuna_tartare waffles").split(" ");

const LISTS = ["meta/train.txt", "meta/test.txt"] as const;

/** Food-101 (L. Bossard, M. Guillaumin, L. Van Gool, 2014). */
export const food101: DatasetEntry<typeof schema> = {
  about: "101,000 images of dishes in 101 classes (L. Bossard, M. Guillaumin, L. Van Gool, 2014)",
  schema,
  build: (_, where) => openPublishedPictures(food101Of(), where),
};

/** The dataset. */
export function food101Of(
  classNames: readonly string[] = CLASS_NAMES,
  sizes = { train: 75750, test: 25250 },
): PublishedPictures {
  const dataset: PublishedPictures = {
    info: { name: "food101", title: "Food-101", classNames, sizes },
    files: LISTS,
    folders: ["images"],
    gzipped: false,
    layouts: [".", "food-101", "food-101/food-101"],
    remoteFiles: [
      pictureArchive(
        "food-101.tar.gz",
        ["http://data.vision.ee.ethz.ch/cvl/food-101.tar.gz"],
        { md5: "85eeb15f3717b99a5da872d97d918f87", bytes: 4_996_278_331, maxEntries: 120_000 },
      ),
    ],
    async find({ folder, files }) {
      const found = new PictureLister();
      for (const [i, list] of LISTS.entries()) {
        if (i === 1) found.beginValidation();
        const file = files.get(list)!;
        // For example `apple_pie/1005649`.
        for (const [picture, name] of await rowsOf(file, /^(([a-z_]+)\/\d+)$/, "food101")) {
          found.add(`images/${picture}.jpg`, classOf(name, dataset, file));
        }
      }
      return found.done(folder);
    },
  };
  return dataset;
}
