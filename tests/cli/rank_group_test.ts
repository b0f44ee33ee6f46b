import { assertEquals, assertRejects } from "@std/assert";
import type { Context } from "../../cli/command.ts";
import { processesOnHost, runOnRank, SINGLE_RANK, together } from "../../cli/rank_group.ts";
import { InputError, RunError } from "../../errors.ts";
import { Progress } from "../../reporting/progress.ts";
import { thrownByAll } from "../../training/agreement.ts";
import { Aborted, memoryRanks } from "../support/memory_ranks.ts";

const HOSTS = ["a", "a", "b"];

/** Runs `work` on ranks, by default three: its exit code or error, and its output. */
function onMembers(
  work: (rank: number, context: Context) => Promise<number>,
  hosts: readonly string[] = HOSTS,
) {
  return Promise.all(
    memoryRanks(hosts.length).map(async (ranks) => {
      let said = "";
      const context: Context = {
        call: "overfold train",
        json: false,
        print: (line) => void (said += `${line}\n`),
        emit: () => {},
        progress: new Progress({
          write: (text) => void (said += text),
          isTerminal: false,
          columns: () => 80,
          now: () => 0,
        }),
        loadCommands: () => Promise.resolve(),
      };
      const group = { ranks, hosts };
      const ended = await runOnRank(group, context, (context) => work(ranks.rank, context))
        .catch((error) => error);
      return { ended, said };
    }),
  );
}

Deno.test("only the first rank prints", async () => {
  const all = await onMembers((_, { print, progress }) => {
    print("result");
    progress.print("warning");
    return Promise.resolve(130);
  });
  assertEquals(all.map(({ ended }) => ended), [130, 130, 130]);
  assertEquals(all.map(({ said }) => said), ["result\nwarning\n", "", ""]);
});

Deno.test("a failing rank reports its name, and all exit with its code", async () => {
  const all = await onMembers((rank) =>
    rank === 2 ? Promise.reject(new RunError("no space")) : Promise.resolve(0)
  );
  assertEquals(all[2].said, "error: rank 2 (b): no space\n");
  assertEquals(all.map(({ ended }) => (ended as Aborted).code), [1, 1, 1]);
  assertEquals(all.slice(0, 2).map(({ said }) => said), ["", ""]);
});

Deno.test("a single rank throws like a process without ranks", async () => {
  const [{ ended, said }] = await onMembers(() => Promise.reject(new InputError("wrong")), ["a"]);
  assertEquals([(ended as Error).message, said], ["wrong", ""]);
});

Deno.test("an error on all ranks is thrown by the first; the others exit silently with its code", async () => {
  const all = await onMembers(() => Promise.reject(thrownByAll(new InputError("wrong"))));
  assertEquals((all[0].ended as Error).message, "wrong");
  assertEquals(all.slice(1).map(({ ended }) => ended), [2, 2]);
  assertEquals(all.map(({ said }) => said), ["", "", ""]);
});

Deno.test("together returns each rank's result, or throws all errors on every rank", async () => {
  const results = await Promise.all(
    memoryRanks(3).map((ranks) => together({ ranks, hosts: HOSTS }, () => 10 * ranks.rank)),
  );
  assertEquals(results, [0, 10, 20]);
  const messages = memoryRanks(3).map((ranks) =>
    assertRejects(
      () =>
        together({ ranks, hosts: HOSTS }, () => {
          if (ranks.rank === 1) throw new RunError("no network");
          if (ranks.rank === 2) throw new InputError("no such file");
        }),
      RunError,
      "rank 1 (a): no network\nrank 2 (b): no such file",
    )
  );
  await Promise.all(messages);
});

Deno.test("processes are counted per machine", () => {
  const counts = memoryRanks(3).map((ranks) => processesOnHost({ ranks, hosts: HOSTS }));
  assertEquals(counts, [2, 2, 1]);
  assertEquals(processesOnHost(SINGLE_RANK), 1);
});
