/** A thread that finds out what is in Parquet files: it may read them, and nothing else. */
import { serveIndexes } from "./index_worker.ts";
import { indexParquet } from "./parquet_index.ts";

serveIndexes(indexParquet);
