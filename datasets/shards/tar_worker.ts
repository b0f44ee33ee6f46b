/** A thread that finds out what is in tar archives: it may read them, and nothing else. */
import { serveIndexes } from "./index_worker.ts";
import { indexTar } from "./tar_index.ts";

serveIndexes(indexTar);
