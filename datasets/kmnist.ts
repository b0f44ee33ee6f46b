import { idxEntry } from "./idx.ts";

/** Kuzushiji-MNIST (T. Clanuwat and others, 2018). */
export const kmnist = idxEntry({
  name: "kmnist",
  title: "Kuzushiji-MNIST",
  about:
    "70,000 handwritten Japanese letters, grey, 28×28, in 10 classes (T. Clanuwat and others, " +
    "2018)",
  classNames: ["o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"],
  statistics: { mean: [0.1918], std: [0.3483] },
  layouts: [".", "raw", "KMNIST/raw", "kmnist"],
  hosts: ["http://codh.rois.ac.jp/kmnist/dataset/kmnist/"],
  mirrorFolder: "kmnist",
  checksums: [
    "md5:bdb82020997e1d708af4cf47b453dcf7",
    "md5:e144d726b3acfaa3e44228e80efcd344",
    "md5:5c965bf0a639b31b8f53240b1b52f4d7",
    "md5:7320c461ea6c1c855c0b718fb2a4b134",
  ],
  bytes: [18_165_135, 29_497, 3_041_136, 5_120],
});
