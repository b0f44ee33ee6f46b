import { fastaiEntry } from "./fastai.ts";

/** Imagewoof, version 2 (J. Howard, 2019). */
export const imagewoof = fastaiEntry({
  name: "imagewoof",
  title: "Imagewoof",
  about: "12,954 images of ten breeds of dogs in ImageNet, hard to tell apart (J. Howard, 2019)",
  archive: "imagewoof2",
  published: {
    full: { md5: "9aafe18bcdb1632c4249a76c458465ba", bytes: 1_343_715_595 },
    320: { md5: "0f46d997ec2264e97609196c95897a44", bytes: 328_387_740 },
    160: { md5: "3d200a7be99704a0d7509be2a9fbfe15", bytes: 92_612_825 },
  },
  sizes: { train: 9025, test: 3929 },
  classes: {
    n02086240: "Shih-Tzu",
    n02087394: "Rhodesian ridgeback",
    n02088364: "beagle",
    n02089973: "English foxhound",
    n02093754: "Border terrier",
    n02096294: "Australian terrier",
    n02099601: "golden retriever",
    n02105641: "Old English sheepdog",
    n02111889: "Samoyed",
    n02115641: "dingo",
  },
});
