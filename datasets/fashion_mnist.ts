import { idxEntry } from "./idx.ts";

/** Fashion-MNIST (H. Xiao, K. Rasul, R. Vollgraf, 2017). */
export const fashionMnist = idxEntry({
  name: "fashion_mnist",
  title: "Fashion-MNIST",
  about: "70,000 images of clothing, grey, 28×28 (H. Xiao, K. Rasul, R. Vollgraf, 2017)",
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
  checksums: [
    "sha256:3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
    "sha256:a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
    "sha256:346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
    "sha256:67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
  ],
  bytes: [26_421_880, 29_515, 4_422_102, 5_148],
});
