import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { parseArguments } from "../../cli/command.ts";
import { fromHome } from "../../files/home.ts";

Deno.test("a path on the command line may begin at the person's folder, another text may not", () => {
  const args = parseArguments("any", {
    positionals: [{ name: "FILE", help: "", repeated: true }],
    options: {
      output: { value: "DIR", help: "" },
      confusion: { value: "FILE", repeated: true, help: "" },
      title: { value: "TEXT", help: "" },
      force: { help: "" },
    },
    run: () => Promise.resolve(),
  }, ["~/a", "./~", "--output=~/b", "--confusion", "~/c", "--title", "~/d", "--force"]);
  const home = fromHome("~");
  assertEquals(args.positionals, [join(home, "a"), "./~"]);
  assertEquals([args.text("output"), args.text("title")], [join(home, "b"), "~/d"]);
  assertEquals([args.texts("confusion"), args.flag("force")], [[join(home, "c")], true]);
});
