import { idxEntry } from "./idx.ts";

/** Fashion-MNIST (H. Xiao, K. Rasul, R. Vollgraf, 2017). */
export const fashionMnist = idxEntry({
  name: "fashion_mnist",
  title: "Fashion-MNIST",
  about: "70,000 pictures of clothing, grey, 28×28 (H. Xiao, K. Rasul, R. Vollgraf, 2017)",
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
  statistics: { mean: [0.2860], std: [0.3530] },
  layouts: [".", "raw", "FashionMNIST/raw", "fashion-mnist"],
  hosts: ["http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"],
  mirrorFolder: "fashion-mnist",
  md5: [
    "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
    "25c81989df183df01b3e8a0aad5dffbe",
    "bef4ecab320f06d8554ea6380940ec79",
    "bb300cfdad3c16e7a12a480ee83cd310",
  ],
});
