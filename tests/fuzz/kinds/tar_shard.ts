import { indexTar } from "../../../datasets/shards/tar_index.ts";
import { openStore } from "../../../datasets/stores/registry.ts";
import type { TarHandle } from "../../../datasets/stores/tar.ts";
import { PathList } from "../../../datasets/paths.ts";
import { plainPng } from "../../support/pictures.ts";
import { tarOf } from "../../support/tar.ts";
import type { Kind } from "../kind.ts";
import { otherHeader } from "../tar.ts";

const OPTIONS = { severalLabels: false, separator: "|" };

/** Archives of images with labels. */
export const tarShard: Kind = {
  file: "shard.tar",
  samples: () =>
    Promise.all([
      tarOf({ "1.png": plainPng([1, 2, 3]), "1.cls": "1", "2.png": "x", "2.json": '{"label": 1}' }),
      tarOf({ [`${"long/".repeat(30)}1.png`]: "x", [`${"long/".repeat(30)}1.cls`]: "2" }),
    ]),
  mutate: otherHeader,
  async read(path) {
    const { names, places } = indexTar(path, OPTIONS);
    const list = new PathList();
    new TextDecoder().decode(names).split("\0").slice(0, -1).forEach((name) => list.add(name));
    const shared = (values = new Float64Array()) => {
      const copy = new Float64Array(new SharedArrayBuffer(values.byteLength));
      copy.set(values);
      return copy;
    };
    const store = openStore({
      kind: "tar",
      shards: [path],
      ends: [list.count],
      names: list.done("").handle,
      places: { offset: shared(places.offset), length: shared(places.length) },
    } as TarHandle);
    for (let i = 0; i < list.count; i++) await store.fileOf(i);
  },
};
