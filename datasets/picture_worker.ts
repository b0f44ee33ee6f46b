/**
 * A thread that fills batches with images. It may read only their folder and the decoder, so all the code
 * that it needs is loaded with it.
 */
import "./picture_reader.ts";
import "./stores/parquet_reader.ts";
import "./loader_worker.ts";
