/** A thread that indexes tar archives, with permission to read them only. */
import { serveIndexes } from "./index_worker.ts";
import { indexTar } from "./tar_index.ts";

serveIndexes(indexTar);
