import type { DatasetInfo } from "./dataset.ts";
import { IDX_FILES, loadIdx } from "./idx.ts";
import { LABELS } from "./image_source.ts";
import { publishedEntry } from "./published.ts";

const info: DatasetInfo = {
  name: "fashion_mnist",
  title: "Fashion-MNIST",
  classNames: [
    "T-shirt/top",
    "trouser",
    "pullover",
    "dress",
    "coat",
    "sandal",
    "shirt",
    "sneaker",
    "bag",
    "ankle boot",
  ],
  imageShape: { height: 28, width: 28, channels: 1 },
  statistics: { mean: [0.2860], std: [0.3530] },
  targets: { labels: LABELS },
  sizes: { train: 60000, test: 10000 },
};

const HOST = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/";

const remoteFile = (plainName: string, md5: string) => ({
  name: `${plainName}.gz`,
  urls: [`${HOST}${plainName}.gz`],
  mirrorPath: `fashion-mnist/${plainName}.gz`,
  checksum: `md5:${md5}`,
});

/** Fashion-MNIST (H. Xiao, K. Rasul, R. Vollgraf, 2017). */
export const fashionMnist = publishedEntry({
  info,
  about: "70,000 pictures of clothing, grey, 28×28 (H. Xiao, K. Rasul, R. Vollgraf, 2017)",
  files: [...IDX_FILES.train, ...IDX_FILES.test],
  gzipped: true,
  layouts: [".", "raw", "FashionMNIST/raw", "fashion-mnist"],
  remoteFiles: [
    remoteFile(IDX_FILES.train[0], "8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
    remoteFile(IDX_FILES.train[1], "25c81989df183df01b3e8a0aad5dffbe"),
    remoteFile(IDX_FILES.test[0], "bef4ecab320f06d8554ea6380940ec79"),
    remoteFile(IDX_FILES.test[1], "bb300cfdad3c16e7a12a480ee83cd310"),
  ],
  load: (folder) => loadIdx(folder, info),
});
