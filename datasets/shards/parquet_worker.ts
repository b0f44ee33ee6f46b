/** A thread that indexes Parquet files, with permission to read them only. */
import { serveIndexes } from "./index_worker.ts";
import { indexParquet } from "./parquet_index.ts";

serveIndexes(indexParquet);
