import { assertEquals } from "@std/assert";
import { nearestName } from "../../schema/nearest.ts";

Deno.test("nearestName tolerates case, separators, typos and prefixes", () => {
  const names = ["batchSize", "learningRate", "depthMultiplier", "cifar10", "cifar100"];
  assertEquals(nearestName("batch_size", names), "batchSize");
  assertEquals(nearestName("learningrate", names), "learningRate");
  assertEquals(nearestName("elarningRtae", names), "learningRate");
  assertEquals(nearestName("depth", names), "depthMultiplier");
  assertEquals(nearestName("cifar-10", names), "cifar10");
  assertEquals(nearestName("banana", names), undefined);
});

Deno.test("the nearest name has the fewest edits", () => {
  assertEquals(nearestName("kitten", ["sitting", "mitten", "kit-kat"]), "mitten");
  assertEquals(nearestName("resnet19", ["resnet50", "resnet18", "resnet152"]), "resnet18");
});
