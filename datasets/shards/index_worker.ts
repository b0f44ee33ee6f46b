/** What a thread does that finds out what is in files of images. */
import { failureOf } from "../loader_messages.ts";
import { type IndexReply, type IndexRequest, unreadable } from "./indexing.ts";
import type { ShardIndex, ShardOptions } from "./shard_index.ts";

const scope = self as unknown as {
  onmessage: (event: MessageEvent<IndexRequest>) => void;
  postMessage(message: IndexReply): void;
};

/** Answers what this thread is asked. */
export function serveIndexes(
  find: (path: string, options: ShardOptions) => ShardIndex | Promise<ShardIndex>,
): void {
  scope.onmessage = async ({ data: { path, options } }) => {
    try {
      scope.postMessage({ index: await find(path, options) });
    } catch (error) {
      scope.postMessage({ failure: failureOf(unreadable(path, error)) });
    }
  };
}
