/** An indexing thread that attempts forbidden things. */
import { serveIndexes } from "../../../datasets/shards/index_worker.ts";
import { IndexBuilder } from "../../../datasets/shards/shard_index.ts";
import { attempted } from "./attempts.ts";

// The option `label` has the places as JSON.
serveIndexes(async (_path, { label = "" }) => {
  const index = new IndexBuilder(true, []);
  index.add("picture", await attempted(JSON.parse(label)));
  return index.done();
});
