import { fastaiEntry } from "./fastai.ts";

/** Imagenette, version 2 (J. Howard, 2019). */
export const imagenette = fastaiEntry({
  name: "imagenette",
  title: "Imagenette",
  about: "13,394 images of ten ImageNet classes that are easy to tell apart (J. Howard, 2019)",
  archive: "imagenette2",
  published: {
    full: { md5: "fe2fc210e6bb7c5664d602c3cd71e612", bytes: 1_557_161_267 },
    320: { md5: "3df6f0d01a2c9592104656642f5e78a3", bytes: 341_663_724 },
    160: { md5: "e793b78cc4c9e9a4ccc0c1155377a412", bytes: 99_003_388 },
  },
  sizes: { train: 9469, test: 3925 },
  classes: {
    n01440764: "tench",
    n02102040: "English springer",
    n02979186: "cassette player",
    n03000684: "chain saw",
    n03028079: "church",
    n03394916: "French horn",
    n03417042: "garbage truck",
    n03425413: "gas pump",
    n03445777: "golf ball",
    n03888257: "parachute",
  },
});
