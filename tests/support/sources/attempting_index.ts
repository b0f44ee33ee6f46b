/** A thread that is to look for pictures in a file and attempts what it may not do. */
import { serveIndexes } from "../../../datasets/shards/index_worker.ts";
import { IndexBuilder } from "../../../datasets/shards/shard_index.ts";
import { attempted } from "./attempts.ts";

// What it is to do stands in its options: the places as JSON.
serveIndexes(async (_path, { label = "" }) => {
  const index = new IndexBuilder(true, []);
  index.add("picture", await attempted(JSON.parse(label)));
  return index.done();
});
