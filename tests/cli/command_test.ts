import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { parseArguments } from "../../cli/command.ts";
import { fromHome } from "../../files/home.ts";

Deno.test("~/ is expanded in paths on the command line, not in other text", () => {
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
