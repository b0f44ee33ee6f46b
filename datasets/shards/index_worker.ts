/** The message handler of a thread that indexes files of images. */
import { failureOf } from "../loader_messages.ts";
import { type IndexReply, type IndexRequest, unreadable } from "./indexing.ts";
import type { ShardIndex, ShardOptions } from "./shard_index.ts";

const scope = self as unknown as {
  onmessage: (event: MessageEvent<IndexRequest>) => void;
  postMessage(message: IndexReply): void;
};

/** Answers requests to this thread. */
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
