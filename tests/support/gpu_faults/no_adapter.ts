/** A system without an adapter. */
import { replaceAdapter } from "./adapter.ts";

replaceAdapter(() => null);
